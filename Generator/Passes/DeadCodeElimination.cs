using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Removes nodes whose results nobody needs. Values that are known (constants, shape arithmetic) need no producer; a size that a node's kernel tells needs that node.
/// <para>Before: <c>s = Shape(x); y = Reshape(x, s={batch, 4})</c>. After: <c>y = Reshape(x, s={batch, 4})</c>.</para>
/// </summary>
internal static class DeadCodeElimination
{
    public static void Run(Graph graph)
    {
        foreach (Graph body in graph.Nodes.SelectMany(node => node.Bodies))
        {
            Run(body);
        }

        var live = new HashSet<Node>();
        var values = new Stack<Value>(graph.Outputs.Concat(graph.ContainerOutputs));
        var pending = new Stack<Node>();
        Dictionary<string, Node> sizes = FindSizes(graph);
        void Need(Node node)
        {
            if (live.Add(node))
            {
                pending.Push(node);
            }
        }

        void NeedSizes(IEnumerable<Value> used)
        {
            foreach (string symbol in sizes.Count == 0 ? [] : used.SelectMany(Sizes).SelectMany(size => size.Symbols()))
            {
                if (sizes.TryGetValue(symbol, out Node? setter))
                {
                    Need(setter);
                }
            }
        }

        NeedSizes(graph.Outputs);
        while (values.Count + pending.Count > 0)
        {
            if (values.Count > 0)
            {
                Value value = values.Pop();
                if (!value.IsKnown && value.Producer is { } producer)
                {
                    Need(producer);
                }

                continue;
            }

            Node node = pending.Pop();
            NeedSizes(AllValues(node));
            foreach (Value input in node.AllInputs())
            {
                values.Push(input);
            }
        }

        foreach (Node node in graph.Nodes.Where(node => !live.Contains(node)))
        {
            node.Detach();

            // A known value outlives its node: whoever asks what made it must not meet a node without operands.
            foreach (Value output in node.Outputs.OfType<Value>().Where(output => output.Producer == node))
            {
                output.Producer = null;
            }
        }

        graph.Nodes.RemoveAll(node => !live.Contains(node));
    }

    /// <summary>The nodes whose kernels set sizes, by the sizes' symbols.</summary>
    private static Dictionary<string, Node> FindSizes(Graph graph)
    {
        var sizes = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (Node node in graph.Symbols.HasData ? graph.Nodes : [])
        {
            foreach (string symbol in DataSizes.Names(node))
            {
                sizes[symbol] = node;
            }
        }

        return sizes;
    }

    private static IEnumerable<Dimension> Sizes(Value value) => [.. value.Type?.Shape ?? Shape.Scalar, .. value.Elements ?? []];

    private static IEnumerable<Value> AllValues(Node node) => node.Inputs.Concat(node.Outputs).OfType<Value>()
        .Concat(node.Bodies.SelectMany(body => body.Outputs.Concat(body.Nodes.SelectMany(AllValues))));
}
