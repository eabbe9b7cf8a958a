using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Reads TreeEnsemble (version 5): inner nodes and leaves in lists of their own, referred to by their places.</summary>
internal static class TreeEnsemble5Reader
{
    public static TreeModel Read(Node node, int targets)
    {
        ElementType type = node.Input(0).ElementType;
        double[] thresholds = Required(node, "nodes_splits");
        int count = thresholds.Length;
        long[] features = TreeAttributes.Integers(node, "nodes_featureids", count);
        double[] modes = Required(node, "nodes_modes");
        TreeAttributes.Require(node, "nodes_modes", modes.Length, count);
        long[] whenTrue = TreeAttributes.Integers(node, "nodes_truenodeids", count), whenFalse = TreeAttributes.Integers(node, "nodes_falsenodeids", count);
        long[] trueLeaves = TreeAttributes.Integers(node, "nodes_trueleafs", count), falseLeaves = TreeAttributes.Integers(node, "nodes_falseleafs", count);
        long[] missing = TreeAttributes.Integers(node, "nodes_missing_value_tracks_true");
        if (missing.Length > 0)
        {
            TreeAttributes.Require(node, "nodes_missing_value_tracks_true", missing.Length, count);
        }

        double[] weights = Required(node, "leaf_weights");
        long[] leafTargets = TreeAttributes.Integers(node, "leaf_targetids", weights.Length);
        long[] roots = TreeAttributes.Integers(node, "tree_roots");
        if (roots.Length == 0)
        {
            throw new ModelException(node, "the ensemble has no trees");
        }

        foreach (string name in new[] { "nodes_splits", "leaf_weights", "membership_values" })
        {
            if (node.HasAttribute(name) && node.TensorAttribute(name) is { } tensor && tensor.Type.ElementType != type && tensor.Type.ElementType != ElementType.Undefined)
            {
                throw new ModelException(node, $"attribute '{name}' is {tensor.Type}, and the input has elements of type {type.OnnxName()}");
            }
        }

        List<double>?[] sets = ReadSets(node, modes);
        var model = new TreeModel(node, type == ElementType.Float64, targets);
        (int, bool) Child(long child, long isLeaf) => child >= 0 && child < (isLeaf != 0 ? weights.Length : count)
            ? ((int)child, isLeaf != 0)
            : throw new ModelException(node, $"a node leads to {(isLeaf != 0 ? "leaf" : "node")} {child}, of which there are {(isLeaf != 0 ? weights.Length : count)}");
        int AddSplit(int index, int first, int second)
        {
            bool missingTrue = missing.Length > 0 && missing[index] != 0;
            return sets[index] is { } set
                ? model.AddMember(features[index], set, missingTrue, first, second)
                : model.AddSplit((TreeMode)(int)modes[index], features[index], thresholds[index], missingTrue, first, second);
        }

        var assembly = new TreeAssembly(
            node,
            model,
            index => Child(whenTrue[index], trueLeaves[index]),
            index => Child(whenFalse[index], falseLeaves[index]),
            AddSplit,
            index => model.AddLeaf([(leafTargets[index], weights[index])]));
        foreach (long root in roots)
        {
            if (root < 0 || root >= count)
            {
                throw new ModelException(node, $"a tree begins with node {root}, of which there are {count}");
            }

            // A tree that is one leaf is written as a node whose branches are that leaf.
            bool isLeaf = trueLeaves[root] != 0 && falseLeaves[root] != 0 && whenTrue[root] == whenFalse[root];
            if (isLeaf)
            {
                _ = Child(whenTrue[root], 1);
            }

            assembly.AddTree((int)(isLeaf ? whenTrue[root] : root), isLeaf);
        }

        return model;
    }

    private static double[] Required(Node node, string name) =>
        TreeAttributes.Tensor(node, name) ?? throw new ModelException(node, $"attribute '{name}' is missing or empty");

    /// <summary>The sets of the nodes that test for membership, in the order of the nodes; what is no number ends a set.</summary>
    private static List<double>?[] ReadSets(Node node, double[] modes)
    {
        double[] members = TreeAttributes.Tensor(node, "membership_values") ?? [];
        var sets = new List<double>?[modes.Length];
        int at = 0;
        for (int index = 0; index < modes.Length; index++)
        {
            if (modes[index] is not (>= 0 and <= 6))
            {
                throw new ModelException(node, $"attribute 'nodes_modes' has {modes[index]}");
            }

            if (modes[index] != (int)TreeMode.Member)
            {
                continue;
            }

            if (at >= members.Length)
            {
                throw new ModelException(node, $"attribute 'membership_values' has no set for node {index}");
            }

            var set = new List<double>();
            for (; at < members.Length && !double.IsNaN(members[at]); at++)
            {
                set.Add(members[at]);
            }

            at++;
            sets[index] = set;
        }

        return at < members.Length ? throw new ModelException(node, "attribute 'membership_values' has more sets than nodes test for membership") : sets;
    }
}
