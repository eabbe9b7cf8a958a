using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>
/// Writes composed operators in terms of simpler ones, until none is left, so that fusion sees one small set of operators whatever the model was written in.
/// <para>Before: <c>y = Softmax(x)</c>.
/// After: <c>m = ReduceMax(x); d = Sub(x, m); e = Exp(d); s = ReduceSum(e); y = Div(e, s)</c>, which fusion makes one loop again.</para>
/// </summary>
internal static class OperatorExpansion
{
    public static void Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken) =>
        NodeRewriting.Run(graph, (known, node, context) => known.Expand(node, context), diagnostics, cancellationToken);
}
