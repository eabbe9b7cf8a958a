using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

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
            OperatorNormalization.Run(graph, found, cancellationToken);
            OperatorExpansion.Run(graph, found, cancellationToken);
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
