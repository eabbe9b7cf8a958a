using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>What patterns may ask of the stage that runs them.</summary>
internal sealed class RecognitionContext(Graph graph)
{
    private readonly InferenceContext _inference = new(graph);
    private readonly List<RecognitionMiss> _misses = [];
    private RotaryTables? _rotaryTables;

    public Graph Graph { get; } = graph;

    /// <summary>
    /// Starts a rewriting: new nodes stand in front of the one that makes <paramref name="result"/>, are inferred as they are made, and stand for all nodes that lie
    /// between <paramref name="inputs"/> and the result.
    /// </summary>
    public Rewriting Rewrite(Value result, params Value[] inputs)
    {
        Node node = result.Producer!;
        if (!Graph.Nodes.Contains(node))
        {
            throw new ModelException(node, "its nodes lie in the body of another node and outside of it");
        }

        return new Rewriting(Graph, Before(node, Origins(result, inputs)));
    }

    /// <summary>Tables of rotary embeddings that were made so far.</summary>
    public RotaryTables RotaryTables => _rotaryTables ??= new RotaryTables(this);

    /// <summary>Conditions on masks that were made so far, which every layer of a model would make again.</summary>
    public Dictionary<string, Value> MaskConditions { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes nodes in front of <paramref name="place"/> that stand for given nodes of the model.</summary>
    public ExpansionContext Before(Node place, IReadOnlyList<string> origins) =>
        new(Graph, place, added => ShapePropagation.Infer(added, _inference)) { Origins = origins };

    /// <summary>Makes nodes in front of <paramref name="place"/> that stand for it and for other nodes of the graph.</summary>
    public ExpansionContext Before(Node place, IEnumerable<Node> matched)
    {
        var origins = new HashSet<Node>(matched) { place };
        return Before(place, [.. Graph.Nodes.Where(origins.Contains).SelectMany(part => part.Origins).Distinct()]);
    }

    /// <summary>
    /// Reports a recognised pattern: <paramref name="canonical"/> is the value of the node that stands for it, together with nodes before it that stay.
    /// </summary>
    public void Recognize(string pattern, Value canonical, params Node[] before)
    {
        Node node = canonical.Producer ?? throw new InvalidOperationException($"'{canonical.Name}' is made by no node.");
        Graph.Recognitions.Add(new RecognizedPattern(pattern, node.Name, [.. before.OrderBy(Graph.Nodes.IndexOf).SelectMany(part => part.Origins).Concat(node.Origins).Distinct()]));
    }

    /// <summary>Reports what stood in the way of a pattern. Forgotten if another pattern, or the same from another node, takes the node in after all.</summary>
    public void Miss(string pattern, Node node, string reason, bool isHarmless = false) => _misses.Add(new RecognitionMiss(pattern, node, reason, isHarmless));

    /// <summary>States what a symbol is, and infers all types again with it.</summary>
    public void Define(string symbol, Dimension definition)
    {
        Graph.Symbols.Define(symbol, definition);
        InferAgain();
    }

    /// <summary>Takes for granted that a size is at most a limit, which runs check, and infers all types again with it.</summary>
    public void Limit(Dimension size, Dimension limit, string what)
    {
        Graph.Require(new SizeRequirement(size - Dimension.Minimum(size, limit), 0, what));
        Graph.Symbols.Bound(limit - size);
        InferAgain();
    }

    private void InferAgain()
    {
        // What was known already has no producer any more that would compute it again.
        foreach (Value value in Graph.Nodes.SelectMany(node => node.Inputs).OfType<Value>().Where(input => input is { Elements: not null, Constant: null }).Distinct().ToArray())
        {
            _inference.SetElements(value, value.RequiredType, [.. value.Elements!.Select(Graph.Symbols.Resolve)]);
        }

        ShapePropagation.Run(Graph, [], CancellationToken.None);
    }

    /// <summary>Hands the misses to the graph that are still true: whose node still stands in it.</summary>
    public void ReportMisses()
    {
        var nodes = new HashSet<Node>(Graph.Nodes);
        Graph.Misses.AddRange(_misses.Where(miss => nodes.Contains(miss.Node)).GroupBy(miss => (miss.Pattern, miss.Node)).Select(group => group.First()));
    }

    /// <summary>The origins of the nodes that compute a value from others, in the graph's order.</summary>
    private IReadOnlyList<string> Origins(Value result, IReadOnlyList<Value> inputs)
    {
        var between = new HashSet<Node>();
        var pending = new Stack<Value>([result]);
        while (pending.Count > 0)
        {
            Value value = pending.Pop();
            bool isBoundary = value.IsKnown || inputs.Any(input => Matching.Same(input, value)) || Matching.Number(value) is not null;
            if (!isBoundary && value.Producer is { } producer && between.Add(producer))
            {
                foreach (Value? input in producer.Inputs)
                {
                    if (input is not null)
                    {
                        pending.Push(input);
                    }
                }
            }
        }

        return [.. Graph.Nodes.Where(between.Contains).SelectMany(node => node.Origins).Distinct()];
    }
}
