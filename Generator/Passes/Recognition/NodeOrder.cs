using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Puts nodes behind those whose values they read, where a rewriting has made a value later than it was.</summary>
internal static class NodeOrder
{
    /// <summary>Moves as few nodes as possible: those that read a value before it is made go right behind its maker, all others stay in order.</summary>
    public static void Restore(Graph graph)
    {
        var placed = new HashSet<Node>();
        var present = new HashSet<Node>(graph.Nodes);
        var waiting = new Dictionary<Node, List<Node>>();
        var ordered = new List<Node>(graph.Nodes.Count);
        foreach (Node node in graph.Nodes)
        {
            Place(node);
        }

        if (ordered.Count != graph.Nodes.Count)
        {
            throw new InvalidOperationException("The graph has a cycle.");
        }

        graph.Nodes.Clear();
        graph.Nodes.AddRange(ordered);

        void Place(Node first)
        {
            var pending = new Queue<Node>([first]);
            while (pending.Count > 0)
            {
                Node node = pending.Dequeue();
                Node? missing = node.Inputs.Select(input => input?.Producer).FirstOrDefault(producer => producer is not null && present.Contains(producer) && !placed.Contains(producer));
                if (missing is not null)
                {
                    if (!waiting.TryGetValue(missing, out List<Node>? readers))
                    {
                        waiting[missing] = readers = [];
                    }

                    readers.Add(node);
                    continue;
                }

                placed.Add(node);
                ordered.Add(node);
                if (waiting.TryGetValue(node, out List<Node>? released))
                {
                    waiting.Remove(node);
                    foreach (Node reader in released)
                    {
                        pending.Enqueue(reader);
                    }
                }
            }
        }
    }
}
