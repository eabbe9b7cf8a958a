using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Finds data that a model carries from run to run, so that the session can keep it in place.
/// <para>Before: <c>y, present = Attention(q, k, v, mask, past)</c> with <c>past</c> a graph input and <c>present</c> a graph output.
/// After: the same node, with the pair (past, present) among the graph's states and, where the mask only says which columns are padding, without the mask.</para>
/// What is found: caches that attention appends to (<see cref="AppendedCacheRecognition"/>), caches of fixed shape (<see cref="FixedCacheRecognition"/>), tensors that runs only
/// read, and tensors that each run replaces (<see cref="CarriedTensorRecognition"/>); then what the option declares.
/// </summary>
internal static class StateRecognition
{
    public static void Run(Graph graph, ModelOptions options, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken = default)
    {
        if (options.State == ModelOptions.NoState)
        {
            return;
        }

        var context = new StateContext(graph, diagnostics, () => ShapePropagation.Run(graph, diagnostics, cancellationToken));
        new AppendedCacheRecognition(context).Run();
        new FixedCacheRecognition(context).Run();
        new CarriedTensorRecognition(context).Run();
        DeclaredStates.Run(context, options);
    }
}
