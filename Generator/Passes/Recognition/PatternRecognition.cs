using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Finds computations that exporters spell with many nodes and writes them as the few canonical nodes that later stages know.
/// <para>Before: <c>s = Mul(x, x); m = ReduceMean(s); a = Add(m, 1e-5); r = Sqrt(a); d = Div(x, r); y = Mul(d, w)</c>.
/// After: <c>y = RMSNormalization(x, w)</c>.</para>
/// Each pattern is a file of this folder; they run in order, each over all nodes, so that a pattern sees what those before it made.
/// </summary>
internal static class PatternRecognition
{
    private static readonly IReadOnlyList<Pattern> Patterns =
    [
        new GeluPattern(),
        new HardSwishPattern(),
        new SwishPattern(),
        new LayerNormalizationPattern(),
        new RootMeanSquareNormalizationPattern(),
        new GroupNormalizationPattern(),
        new BiasGeluPattern(),
        new SkipNormalizationPattern(),
        new RotaryPattern(),
        new PartialRotaryPattern(),
        new AttentionPattern(),
        new AttentionRefinementPattern(),
        new QuantizedMatMulPattern(),
        new QuantizedConvPattern(),
        new IntegerSumPattern(),
    ];

    public static void Run(Graph graph, List<DiagnosticInfo> diagnostics, CancellationToken cancellationToken)
    {
        Run(graph, cancellationToken);
        foreach (RecognitionMiss miss in graph.Misses.Where(miss => !miss.IsHarmless))
        {
            diagnostics.Add(new(DiagnosticIds.MissedOptimization, DiagnosticLevel.Info,
                $"{miss.Node.OperatorName} '{miss.Node.Name}' looks like the pattern '{miss.Pattern}' but was not recognised: {miss.Reason}.", miss.Node.Line));
        }
    }

    private static void Run(Graph graph, CancellationToken cancellationToken)
    {
        // Shape arithmetic that became known would count as readers of values that have no other.
        DeadCodeElimination.Run(graph);
        foreach (Graph body in graph.Nodes.SelectMany(node => node.Bodies).ToArray())
        {
            Run(body, cancellationToken);
            graph.Recognitions.AddRange(body.Recognitions);
            graph.Misses.AddRange(body.Misses);
        }

        var context = new RecognitionContext(graph);
        foreach (Pattern pattern in Patterns)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Node[] anchors = [.. graph.Nodes.Where(pattern.IsAnchor)];
            foreach (Node anchor in anchors)
            {
                // An earlier match may have taken the node in.
                if (anchor.Outputs.Any(output => output is not null && (output.Consumers.Count > 0 || graph.IsOutput(output))))
                {
                    Rewrite(pattern, anchor, context);
                }
            }

            if (anchors.Length > 0)
            {
                DeadCodeElimination.Run(graph);
            }
        }

        context.ReportMisses();
    }

    /// <summary>What a canonical node refuses stays as it was spelled: recognition must not make a model fail that works without it.</summary>
    private static void Rewrite(Pattern pattern, Node anchor, RecognitionContext context)
    {
        try
        {
            pattern.Rewrite(anchor, context);
        }
        catch (ModelException exception)
        {
            context.Miss(pattern.Name, anchor, exception.Reason);
        }
    }
}
