namespace Cameo.Kernels;

/// <summary>
/// How a convolution is cut into tiles of output positions, and where the entries of a tile's input lie. One tile covers
/// <see cref="Rows"/> × <see cref="Columns"/> positions of one output slice; its input is copied, padded with zeros and with the
/// phases of each stride kept apart, so that the inner loops know no borders. Positions of a tile are numbered
/// <c>row · Pitch + column</c>; the numbers between Columns and Pitch are computed and dropped.
/// </summary>
internal readonly struct ConvolutionGeometry
{
    /// <summary>Input of a tile that should stay in a core's second-level cache (512 KiB or more) beside the weights that stream through.</summary>
    private const int TileBytes = 256 * 1024;

    /// <summary>Bounds the results of one block of channels (at most 8 · 4 bytes a position) to what the first two cache levels hold.</summary>
    private const int MaximumPositions = 1536;

    /// <summary>Fewer positions would read all weights for too little work, even where the tile then exceeds <see cref="TileBytes"/>.</summary>
    private const int MinimumPositions = 192;

    /// <summary>Tiles are not made smaller than this for the sake of threads: two of the largest blocks of the inner loop, as tiles overlap and small ones copy more.</summary>
    private const int MinimumSharedPositions = 96;

    /// <summary>Where threads wait for less than a tenth of the time, smaller tiles cost as much as they save.</summary>
    private const double SufficientBalance = 0.9;

    /// <summary>Longest row kept whole.</summary>
    private const int MaximumColumns = 512;

    public readonly ConvolutionAxis Height;
    public readonly ConvolutionAxis Width;

    /// <summary>Input channels a tile holds.</summary>
    public readonly int Channels;

    /// <summary>Input slices (of the depth axis) a tile holds, their distance, and the factor and origin that give the first one's coordinate.</summary>
    public readonly int Slices;

    public readonly int SliceStep;
    public readonly int Rows;
    public readonly int Columns;
    public readonly int TilesHigh;
    public readonly int TilesWide;

    /// <summary>Entries from one row to the next.</summary>
    public readonly int Pitch;

    /// <summary>Entries of one phase of one slice of one channel.</summary>
    public readonly nint PlaneSize;

    /// <summary>Entries of one channel.</summary>
    public readonly nint ChannelSize;

    private ConvolutionGeometry(ConvolutionAxis height, ConvolutionAxis width, int channels, int slices, int sliceStep, int lanes, int leastTiles = 1)
    {
        Height = height;
        Width = width;
        Channels = channels;
        Slices = slices;
        SliceStep = sliceStep;

        int planes = slices * height.Phases * width.Phases;
        long budget = TileBytes / sizeof(float) / Math.Max(1, (long)channels * planes);
        int block = ConvolutionMicrokernel.Columns * lanes;
        Columns = ChooseColumns(height, width, budget, block, leastTiles);
        TilesWide = ConvolutionAxis.CeilingDivide(width.Positions, Columns);
        Pitch = ChoosePitch(width, Columns, TilesWide == 1);

        long rows = Math.Max((budget / Pitch) - height.Extent, MinimumPositions / Pitch);
        rows = Math.Clamp(Math.Min(rows, MaximumPositions / Pitch), 1, height.Positions);
        TilesHigh = Math.Min(Math.Max(ConvolutionAxis.CeilingDivide(height.Positions, (int)rows), leastTiles / TilesWide), height.Positions);
        Rows = ConvolutionAxis.CeilingDivide(height.Positions, TilesHigh);
        TilesHigh = ConvolutionAxis.CeilingDivide(height.Positions, Rows);

        // Taps of the last row reach Overlap entries into a row that is not there; those are zeros too.
        PlaneSize = ((nint)(Rows + height.Extent) * Pitch) + Overlap;
        ChannelSize = PlaneSize * planes;
    }

    /// <summary>Tiles of an ordinary convolution that holds <paramref name="channels"/> input channels at a time.</summary>
    public static ConvolutionGeometry Forward(in ConvolutionShape shape, int channels, int lanes, int leastTiles = 1) => new(
        ConvolutionAxis.Forward(shape.Height),
        ConvolutionAxis.Forward(shape.Width),
        channels,
        shape.Depth.Kernel,
        shape.Depth.Dilation,
        lanes,
        leastTiles);

    /// <summary>
    /// Tiles of an ordinary convolution that threads share evenly: where there are few, they are made smaller, though not below <see cref="MinimumSharedPositions"/>.
    /// What is summed for an output does not depend on its tile.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="channels">Input channels that a tile holds.</param>
    /// <param name="lanes">Floats of a vector.</param>
    /// <param name="threads">Threads that pay off for this convolution.</param>
    public static ConvolutionGeometry Shared(in ConvolutionShape shape, int channels, int lanes, int threads)
    {
        ConvolutionGeometry best = Forward(shape, channels, lanes);
        int tiles = best.TilesHigh * best.TilesWide;
        for (int more = 1; more <= threads && best.Balance(shape, threads) < SufficientBalance; more++)
        {
            ConvolutionGeometry smaller = Forward(shape, channels, lanes, tiles + more);
            if (smaller.Rows * smaller.Columns < MinimumSharedPositions)
            {
                break;
            }

            best = smaller.Balance(shape, threads) > best.Balance(shape, threads) ? smaller : best;
        }

        return best;
    }

    /// <summary>Tiles of a transposed convolution; a position stands for one output element of each phase.</summary>
    public static ConvolutionGeometry Transposed(in ConvolutionShape shape, int lanes) => new(
        ConvolutionAxis.Transposed(shape.Height),
        ConvolutionAxis.Transposed(shape.Width),
        shape.GroupInputs,
        ConvolutionAxis.Transposed(shape.Depth).Extent + 1,
        1,
        lanes);

    /// <summary>Share of the threads' time that is work where each takes as many tiles as the others, or one more.</summary>
    private double Balance(in ConvolutionShape shape, int threads)
    {
        double tilesPerThread = (double)TileCount(shape) / threads;
        return tilesPerThread / Math.Ceiling(tilesPerThread);
    }

    /// <summary>Tiles of all groups, images and output slices.</summary>
    public long TileCount(in ConvolutionShape shape) => (long)shape.Batch * shape.Groups * shape.Depth.Output * TilesHigh * TilesWide;

    /// <summary>Entries at the end of a row's reach that are padding and lie in the next row's leading padding.</summary>
    public int Overlap => Columns + Width.Extent - Pitch;

    /// <summary>Positions of a full tile, those that are dropped included.</summary>
    public int Positions => ((Rows - 1) * Pitch) + Columns;

    /// <summary>Floats of a tile's input; vectors may read one block of columns beyond the last position.</summary>
    public nint TileFloats(int lanes) => (ChannelSize * Channels) + (ConvolutionMicrokernel.Columns * lanes) + Width.Extent + Pitch;

    public int PlaneOffset(int slice, int phaseHigh, int phaseWide) => (((slice * Height.Phases) + phaseHigh) * Width.Phases) + phaseWide;

    /// <summary>Offset, inside a channel, of the entries that a tap reads at position 0.</summary>
    public nint TapOffset(int slice, int phaseHigh, int phaseWide, int shiftHigh, int shiftWide) =>
        (PlaneOffset(slice, phaseHigh, phaseWide) * PlaneSize) + ((nint)shiftHigh * Pitch) + shiftWide;

    private static int ChooseColumns(ConvolutionAxis height, ConvolutionAxis width, long budget, int block, int leastTiles)
    {
        // Rows that cannot be stacked must use the whole budget themselves; others are kept whole up to a bound.
        bool single = height.Positions == 1;
        long most = single
            ? Math.Clamp((budget / (height.Extent + 1)) - width.Extent, MinimumPositions, MaximumPositions)
            : MaximumColumns;
        if (single && leastTiles > 1)
        {
            most = Math.Min(most, ConvolutionAxis.CeilingDivide(width.Positions, leastTiles));
        }

        if (width.Positions <= most)
        {
            return width.Positions;
        }

        long tiles = (width.Positions + most - 1) / most;
        long columns = (width.Positions + tiles - 1) / tiles;
        return (int)Math.Min((columns + block - 1) / block * block, width.Positions);
    }

    /// <summary>
    /// The trailing padding of a row and the leading padding of the next may be the same zeros, which leaves fewer positions
    /// between rows to compute and drop. Only a tile of whole rows has padding on both sides.
    /// </summary>
    private static int ChoosePitch(ConvolutionAxis width, int columns, bool wholeRows)
    {
        int needed = columns + width.Extent;
        if (!wholeRows)
        {
            return needed;
        }

        int overlap = width.Extent;
        for (int phase = 0; phase < width.Phases; phase++)
        {
            int start = width.Origin + width.PhaseOffset(phase);
            int leading = width.EntriesBefore(0, start);
            int trailing = needed - width.EntriesBefore(width.Input, start);
            overlap = Math.Min(overlap, Math.Min(leading, Math.Max(0, trailing)));
        }

        return needed - overlap;
    }
}
