namespace Cameo.Kernels;

/// <summary>Sizes of an attention that all its blocks share: rows, padded heads, and where things lie in a part's scratch memory.</summary>
internal readonly unsafe struct AttentionShape
{
    /// <summary>At most this many rows multiply keys as they lie; with more, a tile of keys is turned around first.</summary>
    public const int FewRows = 8;

    /// <summary>Floats before the values of a partial result: maximum and sum, padded to a cache line.</summary>
    public const nint PartialHeader = 16;

    private const nint LineFloats = 16;

    // Keys of a tile times their elements. A tile of keys, turned around, and one of values are read by every twelve rows of a block, and stay
    // in the second-level cache beside the block's queries and outputs: 64 KiB each. Few rows read each once, and it stays in the first-level cache.
    private const nint TileFloats = 16384;
    private const nint FewRowsTileFloats = 4096;

    // Keys of the smallest tile: enough to spread what is done once a tile, and whole panels of any vector.
    private const nint MinimumTileKeys = 32;

    /// <summary>Sizes for blocks of some rows.</summary>
    /// <param name="arguments">The attention.</param>
    /// <param name="lanes">Lanes of a vector.</param>
    /// <param name="blockRows">Rows of a block.</param>
    public AttentionShape(in AttentionArguments arguments, nint lanes, nint blockRows)
    {
        Group = arguments.QueryHeads / arguments.KeyHeads;
        Rows = arguments.QueryLength * Group;
        IsFew = Rows <= FewRows;
        PaddedHead = RoundUp(arguments.HeadSize, lanes);
        PaddedValue = RoundUp(arguments.ValueHeadSize, lanes);
        IsNarrow = arguments.Element != AttentionElement.Float32;
        CopiesValues = PaddedValue != arguments.ValueHeadSize || IsNarrow || (!IsFew && arguments.ValueSequenceStride != arguments.ValueHeadSize);
        TileKeys = Math.Clamp((IsFew ? FewRowsTileFloats : TileFloats) / Math.Max(PaddedHead, PaddedValue) / MinimumTileKeys * MinimumTileKeys, MinimumTileKeys, AttentionTile.MaximumDepth);
        BlockRows = RoundUp(Math.Min(blockRows, Rows), AttentionTile.RowMultiple);
        Segments = IsFew ? 1 : (arguments.HeadSize + AttentionTile.MaximumDepth - 1) / AttentionTile.MaximumDepth;
        QueryStride = IsFew ? PaddedHead : AttentionTile.LeftStride;
        ScoreOffset = RoundUp(Segments * BlockRows * QueryStride, LineFloats);
        OutputOffset = ScoreOffset + ((IsFew ? FewRows : AttentionTile.MaximumRows) * AttentionTile.LeftStride);
        KeyOffset = OutputOffset + RoundUp(BlockRows * PaddedValue, LineFloats);
        ValueOffset = KeyOffset + (TileKeys * PaddedHead);
        WideOffset = ValueOffset + (CopiesValues ? TileKeys * PaddedValue : 0);
        RowOffset = WideOffset + (IsNarrow ? TileKeys * PaddedHead : 0);
        RowStride = RoundUp(BlockRows, LineFloats);
        SumOffset = RowOffset + (3 * RowStride);
        KeptOffset = RoundUp(SumOffset + (BlockRows * lanes), LineFloats);
    }

    /// <summary>Query heads that share a key head.</summary>
    public nint Group { get; }

    /// <summary>Rows of a pair of batch row and key head: query positions times <see cref="Group"/>, position first.</summary>
    public nint Rows { get; }

    /// <summary>Whether rows multiply keys as they lie.</summary>
    public bool IsFew { get; }

    /// <summary>Keys of a tile; tiles begin at multiples of this, so that a row's bits do not depend on the rows beside it.</summary>
    public nint TileKeys { get; }

    /// <summary>Rows of the largest block, with padding.</summary>
    public nint BlockRows { get; }

    /// <summary>Parts that a query is cut into to be a left operand of <see cref="AttentionTile"/>.</summary>
    public nint Segments { get; }

    /// <summary>Floats from one query to the next in scratch memory.</summary>
    public nint QueryStride { get; }

    /// <summary>Head size rounded up to whole vectors.</summary>
    public nint PaddedHead { get; }

    /// <summary>Value head size rounded up to whole vectors.</summary>
    public nint PaddedValue { get; }

    /// <summary>Whether operands are stored in 16 bits and widened tile by tile.</summary>
    public bool IsNarrow { get; }

    /// <summary>Whether tiles of values are copied, to get whole vectors or values side by side.</summary>
    public bool CopiesValues { get; }

    /// <summary>Floats of a row's partial result.</summary>
    public nint PartialStride => PartialHeader + RoundUp(PaddedValue, LineFloats);

    /// <summary>Scores of some rows over a tile of keys.</summary>
    public nint ScoreOffset { get; }

    /// <summary>Sums of weighted values [rows, PaddedValue].</summary>
    public nint OutputOffset { get; }

    /// <summary>A tile of keys, turned around or padded.</summary>
    public nint KeyOffset { get; }

    /// <summary>A tile of padded values.</summary>
    public nint ValueOffset { get; }

    /// <summary>A tile of keys as they lie, widened.</summary>
    public nint WideOffset { get; }

    /// <summary>Three arrays of one number a row.</summary>
    public nint RowOffset { get; }

    /// <summary>From one of these arrays to the next.</summary>
    public nint RowStride { get; }

    /// <summary>Sums of exponentials, a vector a row.</summary>
    public nint SumOffset { get; }

    /// <summary>Scores that are kept, behind everything else.</summary>
    public nint KeptOffset { get; }

    /// <summary>Keys whose scores lie side by side where they are kept: as many whole tiles as a row of a left operand holds.</summary>
    public nint PanelKeys => AttentionTile.MaximumDepth / TileKeys * TileKeys;

    /// <summary>Floats from one panel of kept scores to the next.</summary>
    public nint PanelFloats => (IsFew ? RoundUp(Rows, AttentionTile.RowMultiple) : BlockRows) * AttentionTile.LeftStride;

    /// <summary>Floats that a block needs to keep its scores over a number of keys, and each row's largest score so far for each tile.</summary>
    public nint KeptFloats(nint keys) => (((keys + PanelKeys - 1) / PanelKeys) * PanelFloats) + RoundUp(((keys + TileKeys - 1) / TileKeys) * RowStride, LineFloats);

    /// <summary>Scratch memory of a part that keeps a number of floats.</summary>
    public nuint ScratchBytes(nint keptFloats) => (nuint)((KeptOffset + keptFloats) * sizeof(float));

    private static nint RoundUp(nint value, nint multiple) => (value + multiple - 1) / multiple * multiple;
}
