using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One panel of a <see cref="NarrowMatrix"/>.</summary>
internal readonly unsafe ref struct NarrowPanel<TFormat>
    where TFormat : struct, INarrowFormat
{
    // As far as words are asked for with blocks of 32 4-bit weights.
    private const int BlocksAhead = 16;

    private readonly ref readonly NarrowMatrix _matrix;
    private readonly nint _parameters;

    public NarrowPanel(in NarrowMatrix matrix, nint panel, in NarrowSegments segments)
    {
        _matrix = ref matrix;
        _parameters = panel * matrix.Blocks * NarrowMatrix.PanelColumns;
        WordRows = (matrix.Depth + TFormat.ElementsPerWord - 1) / TFormat.ElementsPerWord;
        Words = matrix.Words + (panel * WordRows * NarrowMatrix.PanelColumns);
        WordsPerSegment = segments.Length / TFormat.ElementsPerWord;
        SegmentsPerBlock = segments.PerBlock;
        HasZeroPoints = matrix.HasZeroPoints;
    }

    /// <summary>[<see cref="WordRows"/>][32] words.</summary>
    public uint* Words { get; }

    public nint WordRows { get; }

    /// <summary>Rows of words in a whole segment.</summary>
    public nint WordsPerSegment { get; }

    public nint SegmentsPerBlock { get; }

    public bool HasZeroPoints { get; }

    /// <summary>Rows of words that segment <paramref name="segment"/> has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint WordRowsOf(nint segment) => Math.Min(WordsPerSegment, WordRows - (segment * WordsPerSegment));

    /// <summary>Scales of the columns from <paramref name="column"/> on in the block of a segment; not for formats without scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Scales<V>(nint block, nint column)
        where V : struct, IVector<V> => _matrix.LoadScales<V>(_parameters + (block * NarrowMatrix.PanelColumns) + column);

    /// <summary>Asks for the scales of a later block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchScales(nint block) => _matrix.FetchScales(_parameters + ((block + BlocksAhead) * NarrowMatrix.PanelColumns));

    /// <summary>Zero points of the columns from <paramref name="column"/> on in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V ZeroPoints<V>(nint block, nint column)
        where V : struct, IVector<V> => _matrix.LoadZeroPoints<V, TFormat>(_parameters + (block * NarrowMatrix.PanelColumns) + column);

    /// <summary>total + scale · (sum − zero point · sum of activations): what a segment adds to the totals of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Finish<V>(V sum, V activations, V zeroPoints, V scales, V total)
        where V : struct, IVector<V> =>
        TFormat.IsInteger ? V.MultiplyAdd(V.MultiplyAdd(-activations, zeroPoints, sum), scales, total) : total + sum;
}
