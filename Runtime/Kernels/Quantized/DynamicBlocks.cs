namespace Cameo.Kernels;

/// <summary>How the depth is cut into blocks of activations that share a scale, each within one block of weights.</summary>
internal readonly struct DynamicBlocks
{
    private DynamicBlocks(nint depth, int length, nint perWeightBlock, int elementsPerGroup)
    {
        Depth = depth;
        Length = length;
        PerWeightBlock = perWeightBlock;
        Count = (depth + length - 1) / length;
        Groups = length / elementsPerGroup;
    }

    /// <summary>Elements of all blocks.</summary>
    public nint Depth { get; }

    /// <summary>Elements of each block but the last: 8, 16 or 32.</summary>
    public int Length { get; }

    /// <summary>Blocks that lie in one block of weights.</summary>
    public nint PerWeightBlock { get; }

    /// <summary>Number of blocks.</summary>
    public nint Count { get; }

    /// <summary>Groups of elements, one a word of weights, of each block.</summary>
    public int Groups { get; }

    /// <summary>
    /// Blocks of 32, as finely as weights usually are: one scale for a longer block would round most of its elements more coarsely, and as many products as
    /// <see cref="ByteDot"/> sums before it widens. Less where blocks of weights are not multiples of 32.
    /// </summary>
    public static DynamicBlocks Create(in NarrowMatrix matrix, int elementsPerGroup)
    {
        if (matrix.Blocks == 1)
        {
            return new(matrix.Depth, ByteDot.MostProducts, nint.MaxValue, elementsPerGroup);
        }

        var length = (int)Math.Min(matrix.BlockSize & -matrix.BlockSize, ByteDot.MostProducts);
        return new(matrix.Depth, length, matrix.BlockSize / length, elementsPerGroup);
    }
}
