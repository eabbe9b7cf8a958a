using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>An element of a mask as an expression over the indices of row, head, query and key (<see cref="MaskSpace"/>), the model's sizes, and elements that are only
/// known at run time. Truth is 1 and 0.</summary>
internal abstract record MaskExpression
{
    public static readonly MaskExpression True = new MaskNumber(1);
    public static readonly MaskExpression False = new MaskNumber(0);
}

/// <summary>A known number.</summary>
internal sealed record MaskNumber(double Value) : MaskExpression;

/// <summary>An integer that follows from the indices and the model's sizes.</summary>
internal sealed record MaskInteger(Dimension Value) : MaskExpression;

/// <summary>Whether <paramref name="Difference"/> is at least 0.</summary>
internal sealed record MaskInequality(Dimension Difference) : MaskExpression;

/// <summary>An element that only the run knows.</summary>
internal sealed record MaskElement(Value Source, IReadOnlyList<Dimension> Coordinates) : MaskExpression
{
    /// <summary>Two elements are the same exactly when their keys are.</summary>
    public string Key { get; } = $"{Source.Name}[{string.Join(", ", Coordinates)}]";
}

/// <summary>An operation; floating-point results are rounded to <paramref name="Type"/>.</summary>
internal sealed record MaskOperation(MaskOperator Operator, ElementType Type, IReadOnlyList<MaskExpression> Operands) : MaskExpression;
