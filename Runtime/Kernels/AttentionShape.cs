namespace Cameo.Kernels;

/// <summary>Sizes of an attention that all its blocks share: rows, padded heads, and where things lie in a part's scratch memory.</summary>
internal readonly unsafe struct AttentionShape
{
    /// <summary>Keys of a tile: a tile of keys of 128 elements and its values fill the first- and a bit of the second-level cache.</summary>
    public const nint TileKeys = 64;

    /// <summary>At most this many rows multiply keys as they lie; with more, a tile of keys is turned around first.</summary>
    public const nint FewRows = 8;

    // Floats before the values of a partial result: maximum and sum, padded to a cache line.
    public const nint PartialHeader = 16;

    private const nint LineFloats = 16;

    public AttentionShape(in AttentionArguments arguments, nint lanes, nint blockRows)
    {
        Group = arguments.QueryHeads / arguments.KeyHeads;
        Rows = arguments.QueryLength * Group;
        MaximumKeys = Maximum(arguments);
        PaddedHead = RoundUp(arguments.HeadSize, lanes);
        PaddedValue = RoundUp(arguments.ValueHeadSize, lanes);
        IsNarrow = arguments.Element != AttentionElement.Float32;
        CopiesValues = PaddedValue != arguments.ValueHeadSize || IsNarrow;
        nint rows = Math.Min(blockRows, Rows);
        QueryOffset = 0;
        ScoreOffset = RoundUp(rows * PaddedHead, LineFloats);
        OutputOffset = ScoreOffset + (rows * TileKeys);
        KeyOffset = OutputOffset + RoundUp(rows * PaddedValue, LineFloats);
        ValueOffset = KeyOffset + (TileKeys * PaddedHead);
        WideOffset = ValueOffset + (CopiesValues ? TileKeys * PaddedValue : 0);
        RowOffset = WideOffset + (IsNarrow ? TileKeys * PaddedHead : 0);
        RowStride = RoundUp(rows, LineFloats);
        ScratchBytes = (nuint)((RowOffset + (4 * RowStride)) * sizeof(float));
    }

    /// <summary>Query heads that share a key head.</summary>
    public nint Group { get; }

    /// <summary>Rows of a pair of batch row and key head: query positions times <see cref="Group"/>, position first.</summary>
    public nint Rows { get; }

    /// <summary>Keys of the longest row.</summary>
    public nint MaximumKeys { get; }

    /// <summary>Head size rounded up to whole vectors.</summary>
    public nint PaddedHead { get; }

    /// <summary>Value head size rounded up to whole vectors.</summary>
    public nint PaddedValue { get; }

    /// <summary>Whether operands are stored in 16 bits and widened tile by tile.</summary>
    public bool IsNarrow { get; }

    /// <summary>Whether tiles of values are copied to get whole vectors.</summary>
    public bool CopiesValues { get; }

    /// <summary>Floats of a row's partial result.</summary>
    public nint PartialStride => PartialHeader + RoundUp(PaddedValue, LineFloats);

    /// <summary>Scaled queries [rows, PaddedHead].</summary>
    public nint QueryOffset { get; }

    /// <summary>Scores of a tile [rows, TileKeys].</summary>
    public nint ScoreOffset { get; }

    /// <summary>Sums of weighted values [rows, PaddedValue].</summary>
    public nint OutputOffset { get; }

    /// <summary>A tile of keys, turned around or padded.</summary>
    public nint KeyOffset { get; }

    /// <summary>A tile of padded values.</summary>
    public nint ValueOffset { get; }

    /// <summary>A tile of keys as they lie, widened.</summary>
    public nint WideOffset { get; }

    /// <summary>Four arrays of one number a row.</summary>
    public nint RowOffset { get; }

    /// <summary>From one of these arrays to the next.</summary>
    public nint RowStride { get; }

    /// <summary>Scratch memory of a part.</summary>
    public nuint ScratchBytes { get; }

    private static nint RoundUp(nint value, nint multiple) => (value + multiple - 1) / multiple * multiple;

    private static nint Maximum(in AttentionArguments arguments)
    {
        if (arguments.KeyLengths == null)
        {
            return arguments.KeyLength;
        }

        nint maximum = 0;
        for (nint row = 0; row < arguments.Batch; row++)
        {
            maximum = Math.Max(maximum, arguments.KeyLengths[row]);
        }

        return maximum;
    }
}
