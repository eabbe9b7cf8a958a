namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Random trees in the form of TreeEnsembleRegressor and TreeEnsembleClassifier, with a plain walk over that form.</summary>
internal sealed class ForestExample
{
    public static readonly string[] AllModes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

    private readonly Random _random;
    private readonly string[] _modes;
    private readonly int _features;
    private readonly int _values;
    private readonly double _missing;
    private readonly Dictionary<(long Tree, long Node), int> _places = [];

    /// <summary>Trees whose thresholds are integers below <paramref name="values"/>, so that equality happens.</summary>
    public ForestExample(int seed, int trees, int depth, int features, int values, string[] modes, double missing = 0)
    {
        _random = new Random(seed);
        (_modes, _features, _values, _missing) = (modes, features, values, missing);
        for (long tree = 0; tree < trees; tree++)
        {
            long next = 0;
            Grow(tree, depth, ref next);
        }

        for (int index = 0; index < Trees.Count; index++)
        {
            _places[(Trees[index], Nodes[index])] = index;
        }
    }

    public List<long> Trees { get; } = [];

    public List<long> Nodes { get; } = [];

    public List<long> Features { get; } = [];

    public List<float> Thresholds { get; } = [];

    public List<string> Modes { get; } = [];

    public List<long> WhenTrue { get; } = [];

    public List<long> WhenFalse { get; } = [];

    public List<long> MissingTrue { get; } = [];

    public List<(int Place, long Target, float Weight)> Weights { get; } = [];

    /// <summary>Gives every leaf weights for some targets.</summary>
    public ForestExample WithWeights(int targets, int perLeaf, bool negative = true)
    {
        for (int place = 0; place < Trees.Count; place++)
        {
            for (int index = 0; Modes[place] == "LEAF" && index < perLeaf; index++)
            {
                Weights.Add((place, (place + index) % targets, (float)(negative ? _random.NextDouble() - 0.5 : _random.NextDouble() / 10)));
            }
        }

        return this;
    }

    /// <summary>The attributes; <paramref name="prefix"/> is "target" or "class".</summary>
    public (string Name, object Value)[] Attributes(string prefix, params (string Name, object Value)[] more) =>
    [
        ("nodes_treeids", Trees.ToArray()), ("nodes_nodeids", Nodes.ToArray()), ("nodes_featureids", Features.ToArray()), ("nodes_values", Thresholds.ToArray()),
        ("nodes_modes", Modes.ToArray()), ("nodes_truenodeids", WhenTrue.ToArray()), ("nodes_falsenodeids", WhenFalse.ToArray()), ("nodes_missing_value_tracks_true", MissingTrue.ToArray()),
        ($"{prefix}_treeids", Weights.Select(weight => Trees[weight.Place]).ToArray()), ($"{prefix}_nodeids", Weights.Select(weight => Nodes[weight.Place]).ToArray()),
        ($"{prefix}_ids", Weights.Select(static weight => weight.Target).ToArray()), ($"{prefix}_weights", Weights.Select(static weight => weight.Weight).ToArray()), .. more,
    ];

    /// <summary>Rows of small integers (or halves between them), some of which are no numbers.</summary>
    public float[] Rows(int count, double missing = 0) => [.. Enumerable.Range(0, count * _features).Select(_ =>
        _random.NextDouble() < missing ? float.NaN : _random.Next(2 * _values) / 2f)];

    /// <summary>The leaf's place that a row reaches in each tree.</summary>
    public IEnumerable<int> Leaves(float[] row)
    {
        foreach (long tree in Trees.Distinct())
        {
            int place = _places[(tree, 0)];
            while (Modes[place] != "LEAF")
            {
                float x = row[(int)Features[place]], threshold = Thresholds[place];
                bool decision = Modes[place] switch
                {
                    "BRANCH_LEQ" => x <= threshold,
                    "BRANCH_LT" => x < threshold,
                    "BRANCH_GTE" => x >= threshold,
                    "BRANCH_GT" => x > threshold,
                    "BRANCH_EQ" => x == threshold,
                    _ => x != threshold,
                };
                decision |= float.IsNaN(x) && MissingTrue[place] != 0;
                place = _places[(tree, decision ? WhenTrue[place] : WhenFalse[place])];
            }

            yield return place;
        }
    }

    /// <summary>The weights that a row meets, in the order of the trees.</summary>
    public IEnumerable<(int Place, long Target, float Weight)> Reached(float[] row) =>
        Leaves(row).SelectMany(place => Weights.Where(weight => weight.Place == place));

    private long Grow(long tree, int depth, ref long next)
    {
        int place = Trees.Count;
        long node = next++;
        bool leaf = depth == 0 || (node > 0 && _random.NextDouble() < 0.2);
        Trees.Add(tree);
        Nodes.Add(node);
        Features.Add(leaf ? 0 : _random.Next(_features));
        Thresholds.Add(leaf ? 0 : _random.Next(_values));
        Modes.Add(leaf ? "LEAF" : _modes[_random.Next(_modes.Length)]);
        MissingTrue.Add(!leaf && _random.NextDouble() < _missing ? 1 : 0);
        WhenTrue.Add(0);
        WhenFalse.Add(0);
        if (!leaf)
        {
            WhenTrue[place] = Grow(tree, depth - 1, ref next);
            WhenFalse[place] = Grow(tree, depth - 1, ref next);
        }

        return node;
    }
}
