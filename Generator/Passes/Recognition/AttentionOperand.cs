using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A query, key or value traced to where it is computed or joined with its past, and how it becomes [batch, heads, positions, size] there.</summary>
/// <param name="Place">The chosen place of the trace.</param>
/// <param name="Arrangement">What makes the canonical layout of the value there.</param>
internal sealed record AttentionOperand(OperandTrace Place, DigitArrangement Arrangement)
{
    private static readonly char[] Indices = [AxisDigit.Row, AxisDigit.Head, AxisDigit.Position, AxisDigit.Element];

    /// <summary>The operand's shape in the canonical layout.</summary>
    public Shape Shape => Arrangement.Shape;

    /// <summary>
    /// Chooses where to take the operand: behind all repetitions and factors, and there where it lies as the canonical node wants it, else as soon as possible.
    /// Repetitions that the node does not know stay, with all that is above them.
    /// </summary>
    public static AttentionOperand? Choose(OperandTrace start, bool takesFactors)
    {
        AttentionOperand[] places = [.. start.Walk(takesFactors)
            .TakeWhile(place => place.IsRepetitionOfHeads)
            .Select(place => DigitArrangement.Find(place.Value.Shape, place.Layout, Indices) is { } arrangement ? new AttentionOperand(place, arrangement) : null)
            .TakeWhile(place => place is not null)!];
        if (places.Length == 0)
        {
            return null;
        }

        int significant = Array.FindLastIndex(places, place => place.Place.IsSignificant);
        AttentionOperand[] candidates = [.. places.Skip(Math.Max(0, significant))];
        return Array.Find(candidates, place => place.Arrangement.IsNothing) ?? candidates[0];
    }

    /// <summary>The concatenation of a past from outside and a new part that makes the operand in the canonical layout; <see langword="null"/> where none does.</summary>
    public Node? Join =>
        Arrangement.IsNothing
        && Place.Value.Producer is { Type: "Concat", Domain: "", Inputs.Count: 2 } node
        && ConcatOperator.Axis(node) == 2
        && node.Input(0) != node.Input(1)
        && IsCarried(node.Input(0))
            ? node
            : null;

    /// <summary>Whether a value is an input of the model, or a part of one.</summary>
    private static bool IsCarried(Value value)
    {
        while (value.Producer is { Domain: "", Type: "Identity" or "Squeeze" or "Unsqueeze" or "Split" or "Gather" or "Slice" or "Reshape" or "Transpose" } producer)
        {
            value = producer.Input(0);
        }

        return value.Producer is null && !value.IsConstant;
    }
}
