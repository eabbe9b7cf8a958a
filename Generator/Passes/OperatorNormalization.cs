using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>
/// Writes operators that are another name for a canonical one, or a bundle of several, in terms of the canonical ones, so that recognition and what follows know few.
/// <para>Before: <c>y, _, _, s = SkipSimplifiedLayerNormalization(x, skip, gamma)</c>. After: <c>s = Add(x, skip); y = RMSNormalization(s, gamma)</c>.</para>
/// </summary>
internal static class OperatorNormalization
{
    public static void Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken) =>
        NodeRewriting.Run(graph, (known, node, context) => known.Normalize(node, context), diagnostics, cancellationToken);
}
