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
    /// <summary>Finds the states of a graph.</summary>
    /// <returns>The sizes that have to be separated in a new compilation; <see langword="null"/> where all is well.</returns>
    public static SizeSeparation? Run(Graph graph, ModelOptions options, List<DiagnosticInfo> diagnostics, SizeSeparation? separation = null, CancellationToken cancellationToken = default)
    {
        if (options.State == ModelOptions.NoState)
        {
            return null;
        }

        var context = new StateContext(graph, diagnostics, () => ShapePropagation.Run(graph, diagnostics, cancellationToken), separation);
        new AppendedCacheRecognition(context).Run();
        if (context.Separation is { } wanted)
        {
            return wanted;
        }

        new FixedCacheRecognition(context).Run();
        new CarriedTensorRecognition(context).Run();
        DeclaredStates.Run(context, options);
        return null;
    }
}
