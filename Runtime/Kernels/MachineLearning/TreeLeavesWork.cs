using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>The leaves that a few rows reach in a share of the trees, for more trees than one thread should go through alone.</summary>
internal readonly unsafe struct TreeLeavesWork<T, TDirection>(TreeForest<T> forest, T* features, nint stride, long rows, int* leaves) : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
    where TDirection : struct, ITreeDirection
{
    private readonly T* _features = features;
    private readonly int* _leaves = leaves;

    public void Run(int part, int parts)
    {
        const int lanes = TreeWalk<T, TDirection>.Lanes;
        int* reached = stackalloc int[lanes];
        int begin = (int)((long)forest.Trees * part / parts), end = (int)((long)forest.Trees * (part + 1) / parts);
        for (long row = 0; row < rows; row++)
        {
            for (int tree = begin; tree < end; tree += lanes)
            {
                int trees = Math.Min(lanes, end - tree);
                TreeWalk<T, TDirection>.Trees(forest.Nodes, tree, trees, _features + (row * stride), reached);
                for (int lane = 0; lane < trees; lane++)
                {
                    _leaves[(row * forest.Trees) + tree + lane] = reached[lane];
                }
            }
        }
    }
}
