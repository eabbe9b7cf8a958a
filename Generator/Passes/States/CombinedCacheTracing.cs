using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Sees through the moves between an attention's past and present and a model's tensor [2, batch, heads, past, size] that holds keys and values.
/// <para>For example <c>past_key = Gather(past, 0, axis=0)</c> and <c>present = Concat(Unsqueeze(present_key, 0), Unsqueeze(present_value, 0), axis=0)</c>.</para>
/// </summary>
internal static class CombinedCacheTracing
{
    /// <summary>The tensor that a past is one half of, and which half; null where it is not.</summary>
    public static (Value Input, int Part)? TracePast(Value past, Graph graph)
    {
        int? part = null;
        Value current = past;
        while (current.Producer is { Domain: "" } producer)
        {
            Value source = producer.Input(0);
            switch (producer.Type)
            {
                case "Squeeze" or "Reshape" or "Identity" when KeepsOrder(source.Shape, current.Shape):
                    break;
                case "Gather" when part is null && IsHalved(source) && producer.IntegerAttribute("axis", 0) == 0 && producer.Input(1).Elements is [{ Value: { } index }]:
                    part = (int)(index < 0 ? index + 2 : index);
                    break;
                case "Slice" when part is null && IsHalved(source) && SlicedHalf(producer) is { } half:
                    part = half;
                    break;
                case "Split" when part is null && IsHalved(source) && ShapeMath.Axis(producer, producer.IntegerAttribute("axis", 0), source.Shape.Rank) == 0 && producer.Outputs.Count == 2:
                    part = producer.Outputs[0] == current ? 0 : 1;
                    break;
                default:
                    return null;
            }

            current = source;
        }

        return part is 0 or 1 && graph.Inputs.Contains(current) ? (current, part.Value) : null;
    }

    /// <summary>The graph's output that joins a present key and a present value, as an index; -1 where there is none.</summary>
    public static int TracePresent(Value key, Value value, Graph graph)
    {
        (Node? ofKey, int keyIndex) = Join(key, graph);
        (Node? ofValue, int valueIndex) = Join(value, graph);
        if (ofKey is null || ofKey != ofValue || keyIndex != 0 || valueIndex != 1 || ofKey.Inputs.Count != 2)
        {
            return -1;
        }

        Value current = ofKey.Output;
        while (!graph.IsOutput(current))
        {
            if (current.Consumers.Count != 1 || current.Consumers[0] is not { Domain: "", Type: "Reshape" or "Identity" } next || !KeepsOrder(current.Shape, next.Output.Shape))
            {
                return -1;
            }

            current = next.Output;
        }

        return current.Consumers.Count == 0 ? graph.Outputs.IndexOf(current) : -1;
    }

    private static bool IsHalved(Value value) => value.Shape.Rank == 5 && value.Shape[0].Value == 2;

    /// <summary>Whether two shapes differ only in axes of one element.</summary>
    private static bool KeepsOrder(Shape from, Shape to) => from.Where(size => size.Value != 1).SequenceEqual(to.Where(size => size.Value != 1));

    private static int? SlicedHalf(Node slice)
    {
        long? Number(int input) => slice.OptionalInput(input)?.Elements is [{ Value: { } number }] ? number : null;
        bool isFirstAxis = slice.OptionalInput(3) is null || Number(3) is 0 or -5;
        bool isUnitStep = slice.OptionalInput(4) is null || Number(4) is 1;
        return !isFirstAxis || !isUnitStep ? null
            : (Number(1), Number(2)) switch
            {
                (0 or -2, 1 or -1) => 0,
                (1 or -1, >= 2) => 1,
                _ => null,
            };
    }

    /// <summary>The concatenation along a new first axis that alone reads a present, and at which place.</summary>
    private static (Node? Concat, int Index) Join(Value present, Graph graph)
    {
        Value current = present;
        while (current.Consumers.Count == 1 && !graph.IsOutput(current))
        {
            Node next = current.Consumers[0];
            switch (next)
            {
                case { Domain: "", Type: "Unsqueeze" or "Reshape" or "Identity" } when KeepsOrder(current.Shape, next.Output.Shape):
                    current = next.Output;
                    break;
                case { Domain: "", Type: "Concat" } when current.Shape.Rank == 5 && current.Shape[0].Value == 1 && ConcatOperator.Axis(next) == 0:
                    return (next, next.Inputs.ToList().IndexOf(current));
                default:
                    return (null, -1);
            }
        }

        return (null, -1);
    }
}
