using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The trees of an ensemble, as the compiler lays them out in the weight file.</summary>
/// <typeparam name="T">Type of features, thresholds and weights.</typeparam>
public readonly unsafe struct TreeForest<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The trees of an ensemble.</summary>
    /// <param name="nodes">All nodes; the roots come first, one a tree.</param>
    /// <param name="trees">How many trees there are.</param>
    /// <param name="depth">Average number of comparisons from a root to a leaf, for sharing out work.</param>
    /// <param name="missing">Whether a node sends what is no number where small features go.</param>
    /// <param name="targets">How many scores a row has.</param>
    /// <param name="leafBegins">For each leaf and one more: where its weights begin; null where each leaf has one weight, for target 0.</param>
    /// <param name="leafTargets">The target of each weight.</param>
    /// <param name="leafWeights">The weights.</param>
    /// <param name="baseValues">What each target begins with; null for zeros.</param>
    /// <param name="aggregation">How trees are combined.</param>
    public TreeForest(byte* nodes, int trees, int depth, bool missing, int targets, int* leafBegins, int* leafTargets, T* leafWeights, T* baseValues, TreeAggregation aggregation)
    {
        Nodes = (TreeNode<T>*)nodes;
        Trees = trees;
        Depth = depth;
        Missing = missing;
        Targets = targets;
        LeafBegins = leafBegins;
        LeafTargets = leafTargets;
        LeafWeights = leafWeights;
        BaseValues = baseValues;
        Aggregation = aggregation;
    }

    internal TreeNode<T>* Nodes { get; }

    internal int Trees { get; }

    internal int Depth { get; }

    internal bool Missing { get; }

    internal int Targets { get; }

    internal int* LeafBegins { get; }

    internal int* LeafTargets { get; }

    internal T* LeafWeights { get; }

    internal T* BaseValues { get; }

    internal TreeAggregation Aggregation { get; }

    /// <summary>The base value of a target.</summary>
    internal T BaseValue(int target) => BaseValues is null ? T.Zero : BaseValues[target];
}
