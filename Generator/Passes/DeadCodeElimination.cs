using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>
/// Removes nodes whose results nobody needs. Values that are known (constants, shape arithmetic) need no producer.
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
        var pending = new Stack<Value>(graph.Outputs);
        while (pending.Count > 0)
        {
            Value value = pending.Pop();
            if (!value.IsKnown && value.Producer is { } producer && live.Add(producer))
            {
                foreach (Value input in producer.AllInputs())
                {
                    pending.Push(input);
                }
            }
        }

        foreach (Node node in graph.Nodes.Where(node => !live.Contains(node)))
        {
            node.Detach();
        }

        graph.Nodes.RemoveAll(node => !live.Contains(node));
    }
}
