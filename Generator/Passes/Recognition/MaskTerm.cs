using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>One thing that is added to the scores of an attention, or takes their place where a condition holds.</summary>
/// <param name="Tensor">What is added, or the condition.</param>
/// <param name="Arrangement">How the tensor becomes [batch | 1, heads | 1, queries | 1, keys | 1].</param>
/// <param name="Element">The tensor's element that belongs to a score.</param>
internal sealed record MaskTerm(Value Tensor, DigitArrangement Arrangement, MaskExpression Element)
{
    /// <summary>What takes the score's place; <see langword="null"/> for what is added.</summary>
    public double? Replacement { get; init; }

    /// <summary>The truth of the condition where it does.</summary>
    public bool ReplacesWhere { get; init; }

    /// <summary>What the term is multiplied with after it was added.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>The step of the analysis.</summary>
    public ScoreStep Step => Replacement is { } replacement
        ? new ScoreReplacement(Element, ReplacesWhere, replacement)
        : new ScoreAddition(Element, Tensor.ElementType);
}
