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

    private const long MemoryBytes = 8 * 1024 * 1024;

    public readonly int TilesHigh;
    public readonly int TilesWide;

    /// <summary>Rows of tiles of a block.</summary>
    public readonly int Rows;

    /// <summary>Columns of tiles of a block.</summary>
    public readonly int Columns;

    public readonly int BlocksHigh;
    public readonly int BlocksWide;

    public WinogradGeometry(in ConvolutionShape shape)
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
            BlocksHigh = Divide(TilesHigh, (int)Math.Min(TilesHigh, tiles / TilesWide));
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

    /// <summary>Tiles of a full block.</summary>
    public int Tiles => Rows * Columns;

    /// <summary>Blocks of all images and groups.</summary>
    public long BlockCount(in ConvolutionShape shape) => (long)shape.Batch * shape.Groups * BlocksHigh * BlocksWide;

    private static int Divide(int dividend, int divisor) => (dividend + divisor - 1) / divisor;
}
