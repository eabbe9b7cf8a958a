using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>What patterns may ask of the stage that runs them.</summary>
internal sealed class RecognitionContext(Graph graph)
{
    private readonly InferenceContext _inference = new(graph);
    private readonly List<RecognitionMiss> _misses = [];

    public Graph Graph { get; } = graph;

    /// <summary>Makes nodes in front of <paramref name="node"/> that stand for all of <paramref name="matched"/>; they are inferred as they are made.</summary>
    public ExpansionContext Before(Node node, IEnumerable<Node> matched) =>
        new(Graph, node, added => ShapePropagation.Infer(added, _inference)) { Origins = Origins(matched.Append(node)) };

    /// <summary>Reports a recognised pattern: <paramref name="canonical"/> is the value of the node that stands for it.</summary>
    public void Recognize(string pattern, Value canonical)
    {
        Node node = canonical.Producer ?? throw new InvalidOperationException($"'{canonical.Name}' is made by no node.");
        Graph.Recognitions.Add(new RecognizedPattern(pattern, node.Name, node.Origins));
    }

    /// <summary>Reports what stood in the way of a pattern. Forgotten if another pattern, or the same from another node, takes the node in after all.</summary>
    public void Miss(string pattern, Node node, string reason) => _misses.Add(new RecognitionMiss(pattern, node, reason));

    /// <summary>Hands the misses to the graph that are still true: whose node still stands in it.</summary>
    public void ReportMisses()
    {
        var nodes = new HashSet<Node>(Graph.Nodes);
        Graph.Misses.AddRange(_misses.Where(miss => nodes.Contains(miss.Node)).GroupBy(miss => (miss.Pattern, miss.Node)).Select(group => group.First()));
    }

    /// <summary>The origins of nodes in the graph's order, each once.</summary>
    private IReadOnlyList<string> Origins(IEnumerable<Node> nodes)
    {
        var matched = new HashSet<Node>(nodes);
        return [.. Graph.Nodes.Where(matched.Contains).SelectMany(node => node.Origins).Distinct()];
    }
}
