using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>Follows data through a graph, to see which output continues which input.</summary>
internal static class StateFlow
{
    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Slice", "Split", "Gather", "Concat", "Expand",
    };

    /// <summary>Whether an output is computed from an input, by nodes or their bodies.</summary>
    public static bool DependsOn(Value output, Value input)
    {
        var seen = new HashSet<Value>();
        var pending = new Stack<Value>([output]);
        while (pending.Count > 0)
        {
            Value value = pending.Pop();
            if (value == input)
            {
                return true;
            }

            if (!value.IsKnown && seen.Add(value) && value.Producer is { } producer)
            {
                foreach (Value read in Reads(producer))
                {
                    pending.Push(read);
                }
            }
        }

        return false;
    }

    /// <summary>The values from which a value is put together by moves alone: graph inputs and what other nodes compute.</summary>
    public static HashSet<Value> Sources(Value value)
    {
        var sources = new HashSet<Value>();
        var pending = new Stack<Value>([value]);
        while (pending.Count > 0)
        {
            Value current = pending.Pop();
            if (current.IsConstant)
            {
                continue;
            }

            if (current.Producer is { Domain: "" } producer && Moves.Contains(producer.Type))
            {
                foreach (Value? input in producer.Type == "Concat" ? producer.Inputs : producer.Inputs.Take(1))
                {
                    pending.Push(input!);
                }
            }
            else
            {
                sources.Add(current);
            }
        }

        return sources;
    }

    /// <summary>Whether all that reads a value, through moves, is keys and values of attention without a past.</summary>
    public static bool IsOnlyAttended(Value value) => value.Consumers.Count > 0 && value.Consumers.All(consumer =>
        (AttentionNode.Is(consumer) && consumer.OptionalInput(AttentionNode.PastKey) is null && value != consumer.Input(AttentionNode.Query) && value != consumer.OptionalInput(AttentionNode.Mask))
        || (consumer.Domain.Length == 0 && Moves.Contains(consumer.Type) && consumer.Type is not ("Concat" or "Gather") && consumer.Outputs.All(output => output is null || IsOnlyAttended(output))));

    /// <summary>Whether an output is the end of an input with new data appended, as the state of a causal convolution.</summary>
    public static bool IsTail(Value output, Value input)
    {
        if (output.Producer is not { Domain: "", Type: "Slice" } slice || slice.Input(0).Producer is not { Domain: "", Type: "Concat", Inputs.Count: 2 } concat || concat.Input(0) != input)
        {
            return false;
        }

        int axis = ConcatOperator.Axis(concat);
        Shape whole = concat.Output.Shape;
        IReadOnlyList<Dimension>? ends = slice.Version < 10 ? slice.IntegersAttribute("ends")?.Select(Dimension.Of).ToArray() : slice.OptionalInput(2)?.Elements;
        bool isOnlyThisAxis = Enumerable.Range(0, whole.Rank).All(other => other == axis || output.Shape[other] == whole[other]);
        return isOnlyThisAxis && ends is [var end] && (end == whole[axis] || end.Value >= int.MaxValue);
    }

    private static IEnumerable<Value> Reads(Node node) => node.Inputs.OfType<Value>()
        .Concat(node.Attributes.Values.Select(attribute => attribute.Value).OfType<Graph>().SelectMany(body => body.Nodes.SelectMany(Reads)));
}
