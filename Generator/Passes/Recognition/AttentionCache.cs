using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Keys and values that are each a past from outside and new ones: the canonical node joins them itself, in place where the session keeps them.</summary>
internal sealed class AttentionCache
{
    private readonly Node _joinsKeys;
    private readonly Node _joinsValues;

    private AttentionCache(Node joinsKeys, Node joinsValues)
    {
        _joinsKeys = joinsKeys;
        _joinsValues = joinsValues;
    }

    public Value PastKey => _joinsKeys.Input(0);

    public Value NewKey => _joinsKeys.Input(1);

    public Value PresentKey => _joinsKeys.Output;

    public Value PastValue => _joinsValues.Input(0);

    public Value NewValue => _joinsValues.Input(1);

    public Value PresentValue => _joinsValues.Output;

    public IEnumerable<Node> Nodes => [_joinsKeys, _joinsValues];

    /// <summary>The cache of an attention whose result is the given node's; <see langword="null"/> where it has none, or none that the node could take over.</summary>
    public static AttentionCache? Find(AttentionOperand query, AttentionOperand key, AttentionOperand value, Node result, RecognitionContext context)
    {
        Node? joinsKeys = key.Join;
        Node? joinsValues = value.Join;
        if (joinsKeys is null && joinsValues is null)
        {
            ReportForeignPast(key, context);
            return null;
        }

        if (joinsKeys is null || joinsValues is null)
        {
            context.Miss(PatternNames.KeyValueCache, (joinsKeys ?? joinsValues)!, "only one of keys and values has a past");
            return null;
        }

        if (joinsKeys.Input(0).Shape[2] != joinsValues.Input(0).Shape[2])
        {
            context.Miss(PatternNames.KeyValueCache, joinsKeys, $"the past has {joinsKeys.Input(0).Shape[2]} keys but {joinsValues.Input(0).Shape[2]} values");
            return null;
        }

        // What the node reads must not need what it makes.
        if (joinsKeys == joinsValues || Feeds([joinsKeys.Output, joinsValues.Output], [query.Place.Value, joinsKeys.Input(1), joinsValues.Input(1)], result))
        {
            context.Miss(PatternNames.KeyValueCache, joinsKeys, "queries, or new keys or values, are computed from past and new ones together");
            return null;
        }

        return new AttentionCache(joinsKeys, joinsValues);
    }

    /// <summary>Reports keys that have a past but not as [batch, heads, positions, size].</summary>
    private static void ReportForeignPast(AttentionOperand key, RecognitionContext context)
    {
        if (key.Place.Value.Producer is { Type: "Concat", Domain: "", Inputs.Count: 2 } node && context.Graph.IsOutput(node.Output) && context.Graph.Inputs.Contains(node.Input(0)))
        {
            context.Miss(PatternNames.KeyValueCache, node, $"past keys of shape {node.Input(0).Shape} are not [batch, heads, positions, size]");
        }
    }

    /// <summary>Whether one of the values is computed from one of the sources, by nodes other than the attention's last.</summary>
    private static bool Feeds(IEnumerable<Value> sources, ICollection<Value> values, Node last)
    {
        var seen = new HashSet<Value>(sources);
        var pending = new Stack<Value>(seen);
        while (pending.Count > 0)
        {
            Value current = pending.Pop();
            if (values.Contains(current))
            {
                return true;
            }

            foreach (Value? output in current.Consumers.Where(consumer => consumer != last).SelectMany(consumer => consumer.Outputs))
            {
                if (output is { IsKnown: false } && seen.Add(output))
                {
                    pending.Push(output);
                }
            }
        }

        return false;
    }
}
