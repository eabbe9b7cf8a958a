using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Lets attention itself append to a cache.
/// <para>Before: <c>present = Concat(past, key, axis=2); y = Attention(query, present, …)</c>.
/// After: <c>y, present = Attention(query, key, …, past)</c>.</para>
/// </summary>
internal static class ConcatenationAbsorption
{
    public static void Run(Graph graph, Node attention)
    {
        if (attention.OptionalInput(AttentionNode.PastKey) is not null || attention.OptionalInput(AttentionNode.KeyLengths) is not null || !AttentionNode.CanAppend(attention)
            || Joined(graph, attention, AttentionNode.Key) is not { } keys || Joined(graph, attention, AttentionNode.Value) is not { } values
            || attention.Outputs.Count <= AttentionNode.PresentValue || keys.Input(0).Shape[2] != values.Input(0).Shape[2] || keys.Input(1).Shape[2] != values.Input(1).Shape[2]
            // Causal positions count from the first key here, and with a past from its end.
            || attention.IntegerAttribute(AttentionNode.IsCausal, 0) != 0)
        {
            return;
        }

        Absorb(graph, attention, keys, AttentionNode.Key, AttentionNode.PastKey, AttentionNode.PresentKey);
        Absorb(graph, attention, values, AttentionNode.Value, AttentionNode.PastValue, AttentionNode.PresentValue);
    }

    private static Node? Joined(Graph graph, Node attention, int input) =>
        attention.Input(input) is { Producer: { Domain: "", Type: "Concat", Inputs.Count: 2 } concat } joined
        && joined.Shape.Rank == 4 && ConcatOperator.Axis(concat) == 2 && joined.Consumers.Count == 1 && graph.IsOutput(joined) && graph.Inputs.Contains(concat.Input(0))
            ? concat
            : null;

    private static void Absorb(Graph graph, Node attention, Node concat, int current, int past, int present)
    {
        Value joined = concat.Output;
        Value output = attention.Outputs[present]!;
        output.Type = joined.Type;
        attention.SetInput(current, concat.Input(1));
        attention.SetInput(past, concat.Input(0));
        graph.ReplaceUses(joined, output);
        concat.Detach();
        graph.Nodes.Remove(concat);
    }
}
