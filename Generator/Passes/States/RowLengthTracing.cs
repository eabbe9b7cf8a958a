using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Finds the graph input from which a model computes how many tokens each row has, so that the session can plan with the input before any kernel runs.
/// <para>For example <c>lengths = Add(Cast(Sub(ReduceSum(attention_mask, 1), 1)), 1)</c>: the ones of each row of the mask.</para>
/// </summary>
internal static class RowLengthTracing
{
    /// <summary>Where the keys of each row that count come from; null where it is none of the known spellings.</summary>
    public static RowLengths? Trace(Value lengths, Graph graph)
    {
        Dimension offset = Dimension.Zero;
        Value current = lengths;
        while (current.Producer is { Domain: "" } producer)
        {
            switch (producer.Type)
            {
                case "Cast" or "Identity" or "Squeeze" or "Unsqueeze" or "Reshape" or "Flatten" when current.ElementType.IsInteger():
                    current = producer.Input(0);
                    continue;
                case "Add" when Known(producer.Input(1)) is { } added:
                    offset += added;
                    current = producer.Input(0);
                    continue;
                case "Add" when Known(producer.Input(0)) is { } added:
                    offset += added;
                    current = producer.Input(1);
                    continue;
                case "Sub" when Known(producer.Input(1)) is { } subtracted:
                    offset -= subtracted;
                    current = producer.Input(0);
                    continue;
                case "ReduceSum" when offset == Dimension.Zero && SummedMask(producer, graph) is { } mask:
                    return new RowLengths(RowLengthsKind.CountedMask, mask, Dimension.Zero);
                default:
                    return null;
            }
        }

        return graph.Inputs.Contains(current) && current.ElementType is ElementType.Int32 or ElementType.Int64 && IsOneARow(current.Shape)
            ? new RowLengths(RowLengthsKind.Totals, current, offset)
            : null;
    }

    private static bool IsOneARow(Shape shape) => shape.Rank == 1 || (shape.Rank == 2 && shape[1].Value == 1);

    /// <summary>A scalar, or a list of one number, that follows from sizes.</summary>
    private static Dimension? Known(Value value) => value.Elements is [var element] ? element : null;

    private static Value? SummedMask(Node sum, Graph graph)
    {
        long[]? axes = sum.IntegersAttribute("axes") ?? (sum.OptionalInput(1)?.Elements is { } elements && elements.All(element => element.IsStatic)
            ? [.. elements.Select(element => element.Constant)]
            : null);
        Value mask = sum.Input(0);
        while (mask.Producer is { Domain: "", Type: "Cast" or "Identity" } producer)
        {
            mask = producer.Input(0);
        }

        return axes is [1 or -1] && graph.Inputs.Contains(mask) && PaddingMask.IsMask(mask) ? mask : null;
    }
}
