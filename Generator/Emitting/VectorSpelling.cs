using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>How expressions on float32 are written over a vector type <c>V</c>. Comparisons give masks, which only selections and logical operations read.</summary>
internal static class VectorSpelling
{
    /// <summary>Whether the whole tree can be written over vectors.</summary>
    public static bool Supports(Expression expression) => expression switch
    {
        InputExpression input => input.Type == ElementType.Float32,
        ConstantExpression or SizeExpression => expression.Type is ElementType.Float32,
        ReductionExpression reduction => reduction.Type == ElementType.Float32 && reduction.Kind != ReductionKind.Product && Supports(reduction.Operand),
        OperationExpression operation => operation.Type is ElementType.Float32 or ElementType.Boolean
            && operation.Operands.All(Supports) && TryFormat(operation.Operation, [.. operation.Operands.Select(_ => "x")]) is not null,
        _ => false,
    };

    /// <summary>The C# of an operation on operands given as C#, over the vector type named, or <see langword="null"/> where there is none.</summary>
    public static string? TryFormat(ElementOperation operation, string[] operands, string vector = "V")
    {
        string a = operands[0];
        string b = operands.Length > 1 ? operands[1] : "";
        return operation switch
        {
            ElementOperation.Add => $"({a} + {b})",
            ElementOperation.Subtract => $"({a} - {b})",
            ElementOperation.Multiply => $"({a} * {b})",
            ElementOperation.Divide => $"({a} / {b})",
            ElementOperation.Minimum => $"{vector}.Min({a}, {b})",
            ElementOperation.Maximum => $"{vector}.Max({a}, {b})",
            ElementOperation.Power => $"VectorMath.Pow({a}, {b})",
            ElementOperation.Negate => $"(-{a})",
            ElementOperation.Absolute => $"{vector}.Abs({a})",
            ElementOperation.Reciprocal => $"({vector}.One / {a})",
            ElementOperation.Floor => $"{vector}.Floor({a})",
            ElementOperation.Ceiling => $"{vector}.Ceiling({a})",
            ElementOperation.Round => $"{vector}.Round({a})",
            ElementOperation.RoundToHalf => $"NarrowLanes.Round<{vector}, Half>({a})",
            ElementOperation.RoundToBFloat16 => $"NarrowLanes.Round<{vector}, BFloat16>({a})",
            ElementOperation.SquareRoot => $"{vector}.Sqrt({a})",
            ElementOperation.Exponential => $"VectorMath.Exp({a})",
            ElementOperation.Logarithm => $"VectorMath.Log({a})",
            ElementOperation.Sine => $"VectorMath.Sin({a})",
            ElementOperation.Cosine => $"VectorMath.Cos({a})",
            ElementOperation.HyperbolicTangent => $"VectorMath.Tanh({a})",
            ElementOperation.Sigmoid => $"VectorMath.Sigmoid({a})",
            ElementOperation.Erf => $"VectorMath.Erf({a})",
            ElementOperation.IsNaN => $"{vector}.NotEqual({a}, {a})",
            ElementOperation.Equal => $"{vector}.Equal({a}, {b})",
            ElementOperation.Less => $"{vector}.LessThan({a}, {b})",
            ElementOperation.LessOrEqual => $"{vector}.LessThanOrEqual({a}, {b})",
            ElementOperation.Greater => $"{vector}.GreaterThan({a}, {b})",
            ElementOperation.GreaterOrEqual => $"{vector}.GreaterThanOrEqual({a}, {b})",
            ElementOperation.And => $"{vector}.And({a}, {b})",
            ElementOperation.Or => $"{vector}.Or({a}, {b})",
            ElementOperation.Xor => $"{vector}.Xor({a}, {b})",
            ElementOperation.Not => $"{vector}.Not({a})",
            ElementOperation.Select => $"{vector}.Select({a}, {b}, {operands[2]})",
            _ => null,
        };
    }

    /// <summary>A literal in all lanes.</summary>
    public static string Constant(ConstantExpression constant, string vector = "V") => constant.Value switch
    {
        0 when !IsNegativeZero(constant.Value) => $"{vector}.Zero",
        1 => $"{vector}.One",
        _ => $"{vector}.Broadcast({Single((float)constant.Value)})",
    };

    /// <summary>A float32 literal that reads back to the same bits.</summary>
    public static string Single(float value) => float.IsNaN(value) ? "float.NaN"
        : float.IsPositiveInfinity(value) ? "float.PositiveInfinity"
        : float.IsNegativeInfinity(value) ? "float.NegativeInfinity"
        : IsNegativeZero(value) ? "-0f"
        : value.ToString("R", CultureInfo.InvariantCulture) + "f";

    private static bool IsNegativeZero(double value) => value == 0 && BitConverter.DoubleToInt64Bits(value) < 0;
}
