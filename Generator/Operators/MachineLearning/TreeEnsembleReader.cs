using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Reads TreeEnsembleRegressor and TreeEnsembleClassifier: nodes by tree and number within it, each with a mode or LEAF; weights by the same.</summary>
internal sealed class TreeEnsembleReader
{
    private readonly Node _node;
    private readonly TreeModel _model;
    private readonly long[] _trees;
    private readonly long[] _numbers;
    private readonly string[] _modes;
    private readonly Dictionary<(long Tree, long Number), int> _places = [];
    private readonly Dictionary<int, List<(long Target, double Weight)>> _weights = [];

    private TreeEnsembleReader(Node node, TreeModel model, string prefix)
    {
        _node = node;
        _model = model;
        _trees = TreeAttributes.Integers(node, "nodes_treeids");
        int count = _trees.Length;
        if (count == 0)
        {
            throw new ModelException(node, "the ensemble has no nodes");
        }

        _numbers = TreeAttributes.Integers(node, "nodes_nodeids", count);
        _modes = node.StringsAttribute("nodes_modes") ?? [];
        TreeAttributes.Require(node, "nodes_modes", _modes.Length, count);
        for (int index = 0; index < count; index++)
        {
            if (!_places.TryAdd((_trees[index], _numbers[index]), index))
            {
                throw new ModelException(node, $"node {_numbers[index]} of tree {_trees[index]} is there twice");
            }
        }

        ReadWeights(prefix);
    }

    /// <summary>Reads the model; <paramref name="prefix"/> is that of the lists of weights, "target" or "class".</summary>
    public static TreeModel Read(Node node, string prefix, int targets)
    {
        bool isDouble = node.Input(0).ElementType == ElementType.Float64
            || new[] { "nodes_values_as_tensor", $"{prefix}_weights_as_tensor", "base_values_as_tensor" }.Any(name => TreeAttributes.IsDouble(node, name));
        var model = new TreeModel(node, isDouble, targets);
        new TreeEnsembleReader(node, model, prefix).Assemble();
        return model;
    }

    private void ReadWeights(string prefix)
    {
        long[] targets = TreeAttributes.Integers(_node, $"{prefix}_ids");
        long[] numbers = TreeAttributes.Integers(_node, $"{prefix}_nodeids", targets.Length), trees = TreeAttributes.Integers(_node, $"{prefix}_treeids", targets.Length);
        double[] weights = TreeAttributes.Numbers(_node, $"{prefix}_weights") ?? [];
        TreeAttributes.Require(_node, $"{prefix}_weights", weights.Length, targets.Length);
        for (int index = 0; index < targets.Length; index++)
        {
            if (!_places.TryGetValue((trees[index], numbers[index]), out int place))
            {
                throw new ModelException(_node, $"there is a weight for node {numbers[index]} of tree {trees[index]}, which does not exist");
            }

            if (targets[index] < 0 || targets[index] >= _model.Targets)
            {
                throw new ModelException(_node, $"attribute '{prefix}_ids' has {targets[index]}, and there are {_model.Targets} targets or classes");
            }

            if (!_weights.TryGetValue(place, out List<(long, double)>? list))
            {
                _weights[place] = list = [];
            }

            list.Add((targets[index], weights[index]));
        }
    }

    private void Assemble()
    {
        int count = _trees.Length;
        long[] features = TreeAttributes.Integers(_node, "nodes_featureids", count);
        long[] whenTrue = TreeAttributes.Integers(_node, "nodes_truenodeids", count), whenFalse = TreeAttributes.Integers(_node, "nodes_falsenodeids", count);
        double[] thresholds = TreeAttributes.Numbers(_node, "nodes_values") ?? [];
        TreeAttributes.Require(_node, "nodes_values", thresholds.Length, count);
        long[] missing = TreeAttributes.Integers(_node, "nodes_missing_value_tracks_true");
        if (missing.Length > 0)
        {
            TreeAttributes.Require(_node, "nodes_missing_value_tracks_true", missing.Length, count);
        }

        var assembly = new TreeAssembly(
            _node,
            _model,
            index => Child(index, whenTrue[index]),
            index => Child(index, whenFalse[index]),
            (index, first, second) => _model.AddSplit(Mode(index), features[index], thresholds[index], missing.Length > 0 && missing[index] != 0, first, second),
            index => _model.AddLeaf(_weights.TryGetValue(index, out List<(long, double)>? weights) ? weights : []));
        var seen = new HashSet<long>();
        for (int index = 0; index < count; index++)
        {
            // A tree begins with the first of its nodes in the lists.
            if (seen.Add(_trees[index]))
            {
                assembly.AddTree(index, _modes[index] == "LEAF");
            }
        }
    }

    private (int, bool) Child(int index, long number) => _places.TryGetValue((_trees[index], number), out int place)
        ? (place, _modes[place] == "LEAF")
        : throw new ModelException(_node, $"node {_numbers[index]} of tree {_trees[index]} leads to node {number}, which does not exist");

    private TreeMode Mode(int index) => _modes[index] switch
    {
        "BRANCH_LEQ" => TreeMode.LessOrEqual,
        "BRANCH_LT" => TreeMode.Less,
        "BRANCH_GTE" => TreeMode.GreaterOrEqual,
        "BRANCH_GT" => TreeMode.Greater,
        "BRANCH_EQ" => TreeMode.Equal,
        "BRANCH_NEQ" => TreeMode.NotEqual,
        var other => throw new ModelException(_node, $"attribute 'nodes_modes' has '{other}'"),
    };
}
