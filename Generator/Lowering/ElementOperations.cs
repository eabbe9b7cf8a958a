using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Facts about <see cref="ElementOperation"/>.</summary>
internal static class ElementOperations
{
    /// <summary>Element type of the result; <see cref="ElementOperation.Convert"/> names its own.</summary>
    public static ElementType ResultType(this ElementOperation operation, IReadOnlyList<Expression> operands) => operation switch
    {
        ElementOperation.Equal or ElementOperation.Less or ElementOperation.LessOrEqual or ElementOperation.Greater or ElementOperation.GreaterOrEqual
            or ElementOperation.IsNaN or ElementOperation.IsPositiveInfinity or ElementOperation.IsNegativeInfinity
            or ElementOperation.And or ElementOperation.Or or ElementOperation.Xor or ElementOperation.Not => ElementType.Boolean,
        ElementOperation.Select => operands[1].Type,
        _ => operands[0].Type,
    };

    /// <summary>Whether computing it a second time costs more than reading it back from memory.</summary>
    public static bool IsExpensive(this ElementOperation operation) => operation is ElementOperation.Power or ElementOperation.Exponential
        or ElementOperation.Logarithm or ElementOperation.Sigmoid or ElementOperation.Erf or ElementOperation.Divide or ElementOperation.SquareRoot
        or (>= ElementOperation.Sine and <= ElementOperation.HyperbolicArcTangent);
}
