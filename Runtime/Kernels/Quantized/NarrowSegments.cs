namespace Cameo.Kernels;

/// <summary>
/// How the depth of a <see cref="NarrowMatrix"/> is cut into segments: sums of products run over one segment, then meet the scale and zero point of the block it lies in.
/// </summary>
internal readonly struct NarrowSegments
{
    /// <summary>
    /// Most elements of a segment. What ends a segment costs some four operations a column, 2 % of the 256 multiply-adds; longer ones would only round more.
    /// </summary>
    private const int LargestSegment = 256;

    private NarrowSegments(nint depth, nint length, nint perBlock)
    {
        Depth = depth;
        Length = length;
        PerBlock = perBlock;
        Count = (depth + length - 1) / length;
    }

    /// <summary>Elements of all segments.</summary>
    public nint Depth { get; }

    /// <summary>Elements of each segment but the last; a multiple of 8.</summary>
    public nint Length { get; }

    /// <summary>Segments of a block.</summary>
    public nint PerBlock { get; }

    /// <summary>Number of segments.</summary>
    public nint Count { get; }

    /// <summary>Elements that the segments have room for.</summary>
    public nint PaddedDepth => Count * Length;

    public static NarrowSegments Create(in NarrowMatrix matrix, bool hasBlocks)
    {
        if (!hasBlocks || matrix.Blocks == 1)
        {
            nint length = Math.Clamp((matrix.Depth + 7) / 8 * 8, 8, LargestSegment);
            return new(matrix.Depth, length, nint.MaxValue);
        }

        nint blockSize = matrix.BlockSize;
        if (blockSize <= LargestSegment)
        {
            return new(matrix.Depth, blockSize, 1);
        }

        // The largest power of two in the block's size, at least 8.
        nint common = Math.Min(blockSize & -blockSize, LargestSegment);
        return new(matrix.Depth, common, blockSize / common);
    }

    /// <summary>Elements that segment <paramref name="index"/> has.</summary>
    public nint LengthOf(nint index) => Math.Min(Length, Depth - (index * Length));
}
