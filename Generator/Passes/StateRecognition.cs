using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Finds data that a model carries from run to run, so that the session can keep it in place.
/// <para>Before: <c>y, present = Attention(q, k, v, mask, past)</c> with <c>past</c> a graph input and <c>present</c> a graph output.
/// After: the same node, with the pair (past, present) among the graph's states and, where the mask only says which columns are padding, without the mask.</para>
/// </summary>
internal static class StateRecognition
{
    /// <summary>Tokens a cache holds where neither the options nor the model say.</summary>
    private const int DefaultCapacity = 2048;

    public static void Run(Graph graph, ModelOptions options, List<DiagnosticInfo> diagnostics)
    {
        if (options.State == "none")
        {
            return;
        }

        Node[] nodes = [.. graph.Nodes.Where(node => IsCachedAttention(node, graph))];
        if (nodes.Length == 0)
        {
            return;
        }

        Shape past = nodes[0].Input(4).Shape;
        Dimension rows = past[0];
        Dimension newTokens = NewTokens(nodes[0]);
        if (past[2].AsSymbol() is not { } symbol || nodes.Any(node => node.Input(4).Shape[0] != rows || node.Input(4).Shape[2] != past[2] || NewTokens(node) != newTokens))
        {
            diagnostics.Add(new(DiagnosticIds.MissedOptimization, DiagnosticLevel.Info, "The key/value caches have different lengths; they stay inputs and outputs."));
            return;
        }

        foreach (Node node in nodes)
        {
            graph.States.Add(new StatePair(StateKind.KeyValueCache, node.Input(4), node.OptionalOutput(1)!));
            graph.States.Add(new StatePair(StateKind.KeyValueCache, node.Input(5), node.OptionalOutput(2)!));
        }

        DimensionRange range = graph.Symbols.Range(symbol);
        if (!range.IsBounded)
        {
            range = new DimensionRange(0, DefaultCapacity);
            graph.Symbols.Declare(symbol, range);
            diagnostics.Add(new(DiagnosticIds.DefaultCapacity, DiagnosticLevel.Info,
                $"The key/value caches hold {DefaultCapacity} tokens a row; set OnnxDimensions=\"{symbol}<=…\" for another capacity."));
        }

        int capacity = (int)Math.Min(range.Maximum, int.MaxValue);
        graph.Sequence = new SequencePlan(rows, symbol, newTokens, capacity, $"OnnxDimensions \"{symbol}<={capacity}\"", ColumnPositions.AreComputed(graph, symbol) ? null : RemovePaddingMasks(nodes, graph, rows));
    }

    private static bool IsCachedAttention(Node node, Graph graph) =>
        AttentionNode.Is(node)
        // Lengths of rows would have to become the plan of the run.
        && node.OptionalInput(AttentionNode.KeyLengths) is null
        && IsCache(node.OptionalInput(4), node.OptionalOutput(1), graph)
        && IsCache(node.OptionalInput(5), node.OptionalOutput(2), graph);

    private static bool IsCache(Value? past, Value? present, Graph graph) =>
        past is not null && present is not null && graph.Inputs.Contains(past) && graph.IsOutput(present)
        && past.Consumers.Count == 1 && present.Consumers.Count == 0
        && past.RequiredType is { ElementType: ElementType.Float32, Rank: 4 } && past.Shape[1].IsStatic && past.Shape[3].IsStatic;

    private static Dimension NewTokens(Node node) => node.Input(1).Shape.Rank == 4 ? node.Input(1).Shape[2] : node.Input(1).Shape[1];

    /// <summary>
    /// Takes masks that only repeat a [rows, columns] input away from the nodes: the session plans with the input itself. All nodes must agree on it.
    /// </summary>
    private static Value? RemovePaddingMasks(Node[] nodes, Graph graph, Dimension rows)
    {
        Value?[] sources = [.. nodes.Select(node => PaddingSource(node.OptionalInput(3), graph, rows))];
        if (sources[0] is not { } mask || sources.Any(source => source != mask))
        {
            return null;
        }

        foreach (Node node in nodes)
        {
            node.SetInput(3, null);
        }

        return mask;
    }

    /// <summary>The input that a mask [rows, 1, new, columns] repeats, through casts, new axes and repetition.</summary>
    private static Value? PaddingSource(Value? mask, Graph graph, Dimension rows)
    {
        // Additive masks of numbers are not booleans turned around: only a boolean mask says "attend" where it is 1.
        if (mask is null || mask.ElementType != ElementType.Boolean)
        {
            return null;
        }

        while (mask.Producer is { } producer)
        {
            if (producer.Type is not ("Cast" or "Unsqueeze" or "Expand" or "Identity") || producer.Domain.Length > 0)
            {
                return null;
            }

            mask = producer.Input(0);
        }

        return graph.Inputs.Contains(mask) && mask.RequiredType.Rank == 2 && mask.Shape[0] == rows && (mask.ElementType.IsInteger() || mask.ElementType == ElementType.Boolean)
            ? mask
            : null;
    }
}
