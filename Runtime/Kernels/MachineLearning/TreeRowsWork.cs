using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>All trees for a share of the rows. Rows go in blocks, so that a tree that was fetched meets many of them.</summary>
internal struct TreeRowsWork<T, TDirection, TResult>(Workers workers, TreeForest<T> forest, long rows) : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
    where TDirection : struct, ITreeDirection
    where TResult : struct, ITreeResult<T>
{
    private const int BlockRows = 64;

    private readonly TreeForest<T> _forest = forest;
    private readonly TreeScores<T> _sum = new(forest);

    public required unsafe T* Features { get; init; }

    public required nint Stride { get; init; }

    public required TResult Result { get; init; }

    public readonly unsafe void Run(int part, int parts)
    {
        long begin = rows * part / parts, end = rows * (part + 1) / parts;
        long targets = _forest.Targets;
        long block = Math.Min(BlockRows, end - begin);
        if (block <= 0)
        {
            return;
        }

        byte* scratch = workers.Scratch(part, (nuint)(block * targets * (sizeof(T) + sizeof(bool))));
        var scores = (T*)scratch;
        var scored = (bool*)(scores + (block * targets));
        for (long row = begin; row < end; row += block)
        {
            int count = (int)Math.Min(block, end - row);
            new Span<byte>(scratch, checked((int)(block * targets * (sizeof(T) + sizeof(bool))))).Clear();
            Block(Features + (row * Stride), count, scores, scored);
            for (int index = 0; index < count; index++)
            {
                Result.Write(row + index, scores + (index * targets), scored + (index * targets));
            }
        }
    }

    private readonly unsafe void Block(T* features, int count, T* scores, bool* scored)
    {
        const int lanes = TreeWalk<T, TDirection>.Lanes;
        int* leaves = stackalloc int[lanes];
        int together = count & -lanes;
        long targets = _forest.Targets;
        for (int tree = 0; together > 0 && tree < _forest.Trees; tree++)
        {
            for (int row = 0; row < together; row += lanes)
            {
                TreeWalk<T, TDirection>.Rows(_forest.Nodes, tree, features + (row * Stride), Stride, leaves);
                for (int lane = 0; lane < lanes; lane++)
                {
                    _sum.Add(leaves[lane], scores + ((row + lane) * targets), scored + ((row + lane) * targets));
                }
            }
        }

        for (int row = together; row < count; row++)
        {
            for (int tree = 0; tree < _forest.Trees; tree += lanes)
            {
                int trees = Math.Min(lanes, _forest.Trees - tree);
                TreeWalk<T, TDirection>.Trees(_forest.Nodes, tree, trees, features + (row * Stride), leaves);
                for (int lane = 0; lane < trees; lane++)
                {
                    _sum.Add(leaves[lane], scores + (row * targets), scored + (row * targets));
                }
            }
        }
    }
}
