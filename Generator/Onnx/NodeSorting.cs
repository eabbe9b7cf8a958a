using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Puts the nodes of a graph in an order in which every value is made before it is read. ONNX asks for that order, but tools that rewrite graphs append what they add to the
/// end, and runtimes sort for themselves. Nodes that are in order already stay where they are.
/// </summary>
internal static class NodeSorting
{
    /// <summary>The nodes in order; as they are where they go in circles, which their reader refuses.</summary>
    public static IReadOnlyList<NodeProto> Sort(IReadOnlyList<NodeProto> nodes)
    {
        var makers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int index = 0; index < nodes.Count; index++)
        {
            foreach (string output in nodes[index].Output)
            {
                if (output.Length > 0 && !makers.ContainsKey(output))
                {
                    makers.Add(output, index);
                }
            }
        }

        int[][] needed = [.. nodes.Select((node, index) => Needed(node, index, makers))];
        return needed.Where((others, index) => others.Any(other => other > index)).Any() ? Arrange(nodes, needed) : nodes;
    }

    private static IReadOnlyList<NodeProto> Arrange(IReadOnlyList<NodeProto> nodes, int[][] needed)
    {
        // The smallest number first keeps the order of the file wherever it can be kept.
        var ready = new SortedSet<int>();
        var readers = new List<int>[nodes.Count];
        var missing = new int[nodes.Count];
        for (int index = 0; index < nodes.Count; index++)
        {
            missing[index] = needed[index].Length;
            foreach (int other in needed[index])
            {
                (readers[other] ??= []).Add(index);
            }

            if (missing[index] == 0)
            {
                ready.Add(index);
            }
        }

        var sorted = new List<NodeProto>(nodes.Count);
        while (ready.Count > 0)
        {
            int next = ready.Min;
            ready.Remove(next);
            sorted.Add(nodes[next]);
            foreach (int reader in readers[next] ?? [])
            {
                if (--missing[reader] == 0)
                {
                    ready.Add(reader);
                }
            }
        }

        return sorted.Count == nodes.Count ? sorted : nodes;
    }

    /// <summary>The nodes that make what a node reads, values that its bodies capture among them.</summary>
    private static int[] Needed(NodeProto node, int index, Dictionary<string, int> makers)
    {
        var found = new HashSet<int>();
        Collect(node, []);
        return [.. found];

        void Collect(NodeProto reader, HashSet<string> inner)
        {
            foreach (string input in reader.Input)
            {
                if (!inner.Contains(input) && makers.TryGetValue(input, out int maker) && maker != index)
                {
                    found.Add(maker);
                }
            }

            foreach (AttributeProto attribute in reader.Attribute)
            {
                if (attribute.G is { } body)
                {
                    CollectBody(body, inner);
                }

                foreach (GraphProto graph in attribute.Graphs)
                {
                    CollectBody(graph, inner);
                }
            }
        }

        void CollectBody(GraphProto body, HashSet<string> outer)
        {
            var inner = new HashSet<string>(outer, StringComparer.Ordinal);
            inner.UnionWith(body.Input.Select(static input => input.Name));
            inner.UnionWith(body.Initializer.Select(static tensor => tensor.Name));
            inner.UnionWith(body.Node.SelectMany(static nested => nested.Output));
            foreach (NodeProto nested in body.Node)
            {
                Collect(nested, inner);
            }

            foreach (ValueInfoProto output in body.Output)
            {
                if (!inner.Contains(output.Name) && makers.TryGetValue(output.Name, out int maker) && maker != index)
                {
                    found.Add(maker);
                }
            }
        }
    }
}
