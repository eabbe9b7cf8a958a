using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Finds caches of fixed shape that new tokens are written into.
/// <para>Before: <c>present = TensorScatter(past, keys, write_indices); y = Attention(q, present, …)</c> with <c>past</c> a graph input and <c>present</c> a graph output.
/// After: the same nodes, with the pair (past, present) among the graph's states: the scatter writes into the session's buffer, which attention reads as it lies.</para>
/// Where all caches are written at positions that one input gives, the session counts the rows' tokens with it.
/// </summary>
internal sealed class FixedCacheRecognition(StateContext context)
{
    private Graph Graph => context.Graph;

    public void Run()
    {
        List<Node> scatters = [];
        foreach (Node node in Graph.Nodes.Where(node => TensorScatterOperator.Is(node) || WritesByIndex(node)))
        {
            Value past = node.Input(TensorScatterOperator.Past);
            if (!Graph.Inputs.Contains(past) || context.IsState(past) || past.ElementType == ElementType.String || (!TensorScatterOperator.Is(node) && !StateNames.IsCache(past.Name)))
            {
                continue;
            }

            string? reason = past.Consumers.Count != 1 ? "it is read by more than the scatter"
                : Graph.Outputs.Count(output => output == node.Output) != 1 ? "what it becomes is no output of the model"
                : null;
            if (reason is not null)
            {
                context.Miss($"Cache '{past.Name}'", reason);
                continue;
            }

            Graph.States.Add(new StatePair(StateKind.FixedCache, past, node.Output));
            if (TensorScatterOperator.Is(node))
            {
                scatters.Add(node);
            }
        }

        if (scatters.Count > 0 && Graph.Sequence is null)
        {
            Graph.Sequence = Plan(scatters);
        }
    }

    /// <summary>Scatters by general indices: in place too, but without telling how many tokens a row has.</summary>
    private static bool WritesByIndex(Node node) => node is { Domain: "", Type: "ScatterND" or "ScatterElements" } && node.StringAttribute("reduction", "none") == "none";

    private SequencePlan? Plan(List<Node> scatters)
    {
        Node first = scatters[0];
        if (first.OptionalInput(TensorScatterOperator.WriteIndices) is not { } indices || !Graph.Inputs.Contains(indices) || indices.Shape.Rank != 1)
        {
            return null;
        }

        Shape shape = first.Input(TensorScatterOperator.Past).Shape;
        int axis = TensorScatterOperator.Axis(first);
        Dimension columns = shape[axis];
        Dimension newTokens = first.Input(TensorScatterOperator.Update).Shape[axis];
        bool agree = scatters.All(node => !TensorScatterOperator.IsCircular(node)
            && node.OptionalInput(TensorScatterOperator.WriteIndices) == indices
            && node.Input(TensorScatterOperator.Past).Shape[0] == shape[0]
            && node.Input(TensorScatterOperator.Past).Shape[TensorScatterOperator.Axis(node)] == columns
            && node.Input(TensorScatterOperator.Update).Shape[TensorScatterOperator.Axis(node)] == newTokens);
        if (!agree)
        {
            return null;
        }

        if (columns.AsSymbol() is { } symbol)
        {
            // Caches whose length is a choice of the session: the bound of the symbol, which the session settles.
            DimensionRange range = Graph.Symbols.Range(symbol);
            return range.IsBounded && range.Maximum <= int.MaxValue
                ? new SequencePlan(shape[0], null, newTokens, (int)range.Maximum, $"OnnxDimensions \"{symbol}<={range.Maximum}\"", new RowLengths(RowLengthsKind.WritePositions, indices, Dimension.Zero))
                : null;
        }

        return columns.Value is > 0 and <= int.MaxValue
            ? new SequencePlan(shape[0], null, newTokens, (int)columns.Constant, "the length of the caches in the model", new RowLengths(RowLengthsKind.WritePositions, indices, Dimension.Zero))
            : null;
    }
}
