using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>Lets operators write their nodes in terms of others, until none wants to any more. All errors are collected.</summary>
internal static class NodeRewriting
{
    /// <summary>Applies <paramref name="rewrite"/>, which returns whether it has put other nodes in the node's place, to every node and to every node so made.</summary>
    public static void Run(Graph graph, Func<Operator, Node, ExpansionContext, bool> rewrite, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        var inference = new InferenceContext(graph);
        for (int index = 0; index < graph.Nodes.Count; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Node node = graph.Nodes[index];
            try
            {
                if (rewrite(OperatorRegistry.Find(node)!, node, new ExpansionContext(graph, node, added => ShapePropagation.Infer(added, inference))))
                {
                    node.Detach();
                    graph.Nodes.Remove(node);

                    // What was inserted in the node's place may be rewritten further.
                    index--;
                    continue;
                }

                foreach (Graph body in node.Bodies)
                {
                    Run(body, rewrite, diagnostics, cancellationToken);
                }
            }
            catch (ModelException exception)
            {
                diagnostics.Add(ShapePropagation.Diagnose(node, exception));

                // Nodes that the failed rewriting had made stand before the node; go on behind it.
                index = graph.Nodes.IndexOf(node);
            }
        }

        diagnostics.AddRange(inference.Diagnostics);
    }
}
