namespace Cameo.Generator.Operators;

/// <summary>
/// Trees as the run-time kernel walks them: 16 bytes a node with float32 thresholds, 24 with float64 (threshold, feature, child, leaf). The roots come first, then pairs of children, tree by
/// tree and level by level, so that the first levels, which all rows pass, lie together.
/// </summary>
internal sealed class TreeLayout
{
    /// <summary>Bit of the feature: what is no number goes to the first child.</summary>
    private const uint MissingFirst = 1u << 31;

    private readonly TreeModel _model;
    private readonly List<(double Threshold, uint Feature, int Child, int Leaf)> _nodes = [];
    private long _depths;

    public TreeLayout(TreeModel model)
    {
        _model = model;
        for (int tree = 0; tree < model.Roots.Count; tree++)
        {
            _nodes.Add(default);
        }

        var pairs = new int[model.Splits.Count];
        for (int tree = 0; tree < model.Roots.Count; tree++)
        {
            Place(tree, pairs);
        }
    }

    /// <summary>Whether a node sends what is no number to its first child.</summary>
    public bool HasMissing { get; private set; }

    /// <summary>Levels of a tree, on average.</summary>
    public int AverageDepth => (int)Math.Min(1 << 20, (_depths + _model.Roots.Count - 1) / Math.Max(1, _model.Roots.Count));

    /// <summary>Whether every leaf has one weight, for target 0.</summary>
    public bool IsPlain => _model.LeafTargets.Count == _model.Leaves && _model.LeafTargets.All(static target => target == 0)
        && Enumerable.Range(0, _model.Leaves).All(leaf => _model.LeafBegins[leaf] == leaf);

    /// <summary>The nodes' bytes.</summary>
    public byte[] ToBytes()
    {
        int size = _model.IsDouble ? 24 : 16;
        var bytes = new byte[checked(_nodes.Count * size)];
        for (int index = 0; index < _nodes.Count; index++)
        {
            (double threshold, uint feature, int child, int leaf) = _nodes[index];
            int at = index * size;
            at = Put(bytes, at, _model.IsDouble ? BitConverter.GetBytes(threshold) : BitConverter.GetBytes((float)threshold));
            at = Put(bytes, at, BitConverter.GetBytes(feature));
            at = Put(bytes, at, BitConverter.GetBytes(child));
            Put(bytes, at, BitConverter.GetBytes(leaf));
        }

        return bytes;
    }

    private static int Put(byte[] bytes, int at, byte[] value)
    {
        value.CopyTo(bytes, at);
        return at + value.Length;
    }

    /// <summary>Places a tree. A split that several nodes lead to has one pair of children, whatever the number of its copies.</summary>
    private void Place(int tree, int[] pairs)
    {
        var waiting = new Queue<(int Place, int Reference, int Depth)>();
        waiting.Enqueue((tree, _model.Roots[tree], 0));
        int deepest = 0;
        while (waiting.Count > 0)
        {
            (int place, int reference, int depth) = waiting.Dequeue();
            deepest = Math.Max(deepest, depth);
            if (reference < 0)
            {
                // Its own child, and never at most: walks that are at their end stay there.
                _nodes[place] = (double.NaN, 0, place, ~reference);
                continue;
            }

            TreeSplit split = _model.Splits[reference];
            if (pairs[reference] == 0)
            {
                pairs[reference] = _nodes.Count;
                _nodes.Add(default);
                _nodes.Add(default);
                waiting.Enqueue((pairs[reference], split.Second, depth + 1));
                waiting.Enqueue((pairs[reference] + 1, split.First, depth + 1));
            }

            _nodes[place] = (split.Threshold, (uint)split.Feature | (split.MissingFirst ? MissingFirst : 0), pairs[reference], -1);
            HasMissing |= split.MissingFirst;
        }

        _depths += deepest;
    }
}
