using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Whoever builds a model that is refused wants to see all that is wrong with it, not only what the first stage finds. So what has a type goes on through the later stages,
/// whose results nobody needs.
/// <para>Before: <c>a = Unknown(x); b = Relu(a); c = QuantizeLinear(z, w)</c>, where QuantizeLinear is refused as it is expanded. After: <c>c = QuantizeLinear(z, w)</c>, and a diagnostic more.</para>
/// </summary>
internal static class LaterFaults
{
    public static void Collect(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        RemoveUntyped(graph);
        var found = new List<DiagnosticInfo>();
        try
        {
            Rewrite(graph, static (known, node, context) => known.Normalize(node, context), found, cancellationToken);
            Rewrite(graph, static (known, node, context) => known.Expand(node, context), found, cancellationToken);
            GraphLowering.Run(graph, found, cancellationToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or InsufficientExecutionStackException))
        {
            // Stages may rely on what was removed. What they found before is true all the same, and the model is refused in any case.
        }

        foreach (DiagnosticInfo diagnostic in found)
        {
            if (diagnostic.Severity == DiagnosticLevel.Error && diagnostics.All(known => known.Message != diagnostic.Message))
            {
                diagnostics.Add(diagnostic);
            }
        }
    }

    /// <summary>Rewrites nodes as a stage does; what it refuses goes, or the next stage would refuse it for a second time and in other words.</summary>
    private static void Rewrite(Graph graph, Func<Operator, Node, ExpansionContext, bool> rewrite, List<DiagnosticInfo> found, CancellationToken cancellationToken)
    {
        var refused = new HashSet<Node>();
        bool Try(Operator known, Node node, ExpansionContext context)
        {
            try
            {
                return rewrite(known, node, context);
            }
            catch (ModelException)
            {
                refused.Add(node);
                throw;
            }
        }

        NodeRewriting.Run(graph, Try, found, cancellationToken);
        if (refused.Count > 0)
        {
            Forget(graph, refused);
            RemoveUntyped(graph);
        }
    }

    /// <summary>Takes the types away from the results of refused nodes, of nodes with one in a body, and of all that depend on them.</summary>
    private static void Forget(Graph graph, HashSet<Node> refused)
    {
        var lost = new HashSet<Value>();
        foreach (Node node in graph.Nodes)
        {
            if (Holds(node, refused) || node.AllInputs().Any(lost.Contains))
            {
                foreach (Value output in node.Outputs.OfType<Value>())
                {
                    output.Type = null;
                    output.Container = null;
                    lost.Add(output);
                }
            }
        }
    }

    private static bool Holds(Node node, HashSet<Node> refused) => refused.Contains(node) || node.Bodies.Any(body => body.Nodes.Any(inner => Holds(inner, refused)));

    /// <summary>Removes nodes that were refused, and those that depend on them.</summary>
    private static void RemoveUntyped(Graph graph)
    {
        Node[] untyped = [.. graph.Nodes.Where(static node => node.AllInputs().Concat(node.Outputs).Any(static value => value is { Type: null }))];
        foreach (Node node in untyped)
        {
            node.Detach();
        }

        graph.Nodes.RemoveAll(untyped.Contains);
        graph.Outputs.RemoveAll(static output => output.Type is null);
    }
}
