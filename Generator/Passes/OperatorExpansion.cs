using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Writes composed operators in terms of simpler ones, until none is left, so that fusion sees one small set of operators whatever the model was written in.
/// <para>Before: <c>y = Softmax(x)</c>.
/// After: <c>m = ReduceMax(x); d = Sub(x, m); e = Exp(d); s = ReduceSum(e); y = Div(e, s)</c>, which fusion makes one loop again.</para>
/// </summary>
internal static class OperatorExpansion
{
    public static void Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        var inference = new InferenceContext(graph);
        for (int index = 0; index < graph.Nodes.Count; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Node node = graph.Nodes[index];
            try
            {
                if (OperatorRegistry.Find(node)!.Expand(node, new ExpansionContext(graph, node, added => ShapePropagation.Infer(added, inference))))
                {
                    node.Detach();
                    graph.Nodes.Remove(node);

                    // What was inserted in the node's place may expand further.
                    index--;
                }
            }
            catch (ModelException exception)
            {
                diagnostics.Add(ShapePropagation.Diagnose(node, exception));

                // Nodes that the failed expansion had made stand before the node; go on behind it.
                index = graph.Nodes.IndexOf(node);
            }
        }

        diagnostics.AddRange(inference.Diagnostics);
    }
}
