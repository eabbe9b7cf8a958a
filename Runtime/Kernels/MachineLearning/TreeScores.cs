using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Combines the weights of leaves, tree after tree, in the order of the model: sums have the same bits however rows are shared out.</summary>
internal readonly unsafe struct TreeScores<T>(TreeForest<T> forest)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly TreeForest<T> _forest = forest;

    /// <summary>Adds what a leaf says of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int leaf, T* scores, bool* scored)
    {
        if (_forest.LeafBegins is null && _forest.Aggregation <= TreeAggregation.Sum)
        {
            *scores += _forest.LeafWeights[leaf];
            *scored = true;
            return;
        }

        AddAll(leaf, scores, scored);
    }

    private void AddAll(int leaf, T* scores, bool* scored)
    {
        int begin = _forest.LeafBegins is null ? leaf : _forest.LeafBegins[leaf];
        int end = _forest.LeafBegins is null ? leaf + 1 : _forest.LeafBegins[leaf + 1];
        for (int index = begin; index < end; index++)
        {
            int target = _forest.LeafBegins is null ? 0 : _forest.LeafTargets[index];
            scores[target] = Combine(scores[target], _forest.LeafWeights[index], scored[target]);
            scored[target] = true;
        }
    }

    private T Combine(T score, T weight, bool scored) => _forest.Aggregation switch
    {
        TreeAggregation.Minimum => !scored || weight < score ? weight : score,
        TreeAggregation.Maximum => !scored || weight > score ? weight : score,
        _ => score + weight,
    };
}
