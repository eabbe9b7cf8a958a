namespace Cameo.Kernels;

/// <summary>How a Winograd convolution is cut into blocks of tiles, each a rectangle of one image and group.</summary>
internal readonly struct WinogradGeometry
{
    /// <summary>Transformed input and products of a block should stay in a core's second-level cache beside the weights of a point.</summary>
    private const long CacheBytes = 640 * 1024;

    /// <summary>
    /// A block with fewer tiles reads all weights for too little work. Where so many do not fit <see cref="CacheBytes"/>, weights are large, and a block goes up to
    /// <see cref="MemoryBytes"/> instead, so that they are read seldom.
    /// </summary>
    private const long MinimumTiles = 24;

    /// <summary>
    /// Share of working time below which threads share every block instead of taking blocks of their own. Sharing costs three meetings a block, and what one thread
    /// transforms others read: two threads were 1.3 times as fast as one with blocks in common, 1.7 times with blocks of their own (7 rows of tiles, 4 and 3).
    /// </summary>
    public const double SufficientBalance = 0.8;

    private const long MemoryBytes = 8 * 1024 * 1024;

    public readonly int TilesHigh;
    public readonly int TilesWide;

    /// <summary>Rows of tiles of a block.</summary>
    public readonly int Rows;

    /// <summary>Columns of tiles of a block.</summary>
    public readonly int Columns;

    public readonly int BlocksHigh;
    public readonly int BlocksWide;

    /// <summary>Blocks that the cache wants, or more.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="leastBlocksHigh">Least blocks to cut the rows of tiles into, where blocks are whole rows.</param>
    public WinogradGeometry(in ConvolutionShape shape, int leastBlocksHigh = 1)
    {
        TilesHigh = Divide(shape.Height.Output, WinogradTransform.Outputs);
        TilesWide = Divide(shape.Width.Output, WinogradTransform.Outputs);
        long bytes = sizeof(float) * WinogradTransform.Points
            * (((long)ChannelBlocks.CountBlocks(shape.GroupInputs) * ChannelBlocks.Channels) + ((long)ChannelBlocks.CountPanels(shape.GroupOutputs) * ChannelBlocks.PanelChannels));
        long tiles = CacheBytes / bytes;
        tiles = tiles >= MinimumTiles ? tiles : Math.Max(MinimumTiles, MemoryBytes / bytes);
        if (tiles >= TilesWide)
        {
            Columns = TilesWide;
            BlocksWide = 1;
            BlocksHigh = Math.Min(TilesHigh, Math.Max(Divide(TilesHigh, (int)Math.Min(TilesHigh, tiles / TilesWide)), leastBlocksHigh));
            Rows = Divide(TilesHigh, BlocksHigh);
            BlocksHigh = Divide(TilesHigh, Rows);
        }
        else
        {
            Rows = 1;
            BlocksHigh = TilesHigh;
            BlocksWide = Divide(TilesWide, (int)tiles);
            Columns = Divide(TilesWide, BlocksWide);
            BlocksWide = Divide(TilesWide, Columns);
        }
    }

    /// <summary>Blocks that threads share evenly: where there are few, they are made lower, though not below <see cref="MinimumTiles"/>.</summary>
    public static WinogradGeometry Shared(in ConvolutionShape shape, int threads)
    {
        var best = new WinogradGeometry(shape);
        int blocks = best.BlocksHigh;
        for (int more = 1; more <= threads && best.BlocksWide == 1 && best.Balance(shape, threads) < SufficientBalance; more++)
        {
            var lower = new WinogradGeometry(shape, blocks + more);
            if (lower.Tiles < MinimumTiles)
            {
                break;
            }

            best = lower.Balance(shape, threads) > best.Balance(shape, threads) ? lower : best;
        }

        return best;
    }

    /// <summary>Tiles of a full block.</summary>
    public int Tiles => Rows * Columns;

    /// <summary>Blocks of all images and groups.</summary>
    public long BlockCount(in ConvolutionShape shape) => (long)shape.Batch * shape.Groups * BlocksHigh * BlocksWide;

    /// <summary>Share of the threads' time that is work where each takes as many blocks as the others, or one more.</summary>
    public double Balance(in ConvolutionShape shape, int threads)
    {
        double tiles = (double)shape.Batch * shape.Groups * TilesHigh * TilesWide;
        long blocksOfOne = (BlockCount(shape) + threads - 1) / threads;
        return tiles / ((double)threads * blocksOfOne * Tiles);
    }

    private static int Divide(int dividend, int divisor) => (dividend + divisor - 1) / divisor;
}
