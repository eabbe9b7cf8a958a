using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Many rows of float32 activations times a panel of narrow weights: a part of the panel is widened to float32 once and then meets all rows as any packed panel does.
/// </summary>
internal static unsafe class NarrowExpansion
{
    /// <summary>Depth widened at a time: 64 KiB, which stay in the second-level cache beside the rows of the left operand.</summary>
    private const int PartDepth = 512;

    private const int Columns = NarrowMatrix.PanelColumns;

    // Words at the end of the depth are widened whole.
    private const int MostElementsPerWord = 8;

    /// <summary>Floats of scratch memory for a widened part.</summary>
    public static nint ScratchLength(nint depth) => (Math.Min(depth, PartDepth) + MostElementsPerWord) * Columns;

    /// <summary>sums[rows, 32] = rows · panel.</summary>
    /// <param name="packedA">Rows packed by <see cref="MatrixPacking.PackLeft"/>.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="depth">Depth of the matrix.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="scratch">Room for <see cref="ScratchLength"/> floats.</param>
    /// <param name="sums">Room for whole tiles of sums.</param>
    public static void Multiply<V, TFormat>(float* packedA, nint rows, nint depth, in NarrowPanel<TFormat> panel, float* scratch, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        nint begin = 0;
        do
        {
            nint count = Math.Min(PartDepth, depth - begin);
            Widen<V, TFormat>(panel, begin, count, scratch);
            begin += count;

            // What is widened next is fetched meanwhile; after the last part, that is the next panel.
            byte* next = (byte*)(panel.Words + (begin / TFormat.ElementsPerWord * Columns));
            AddPart<V>(packedA, rows, depth, begin - count, count, scratch, sums, next, count / TFormat.ElementsPerWord * Columns * sizeof(uint));
        }
        while (begin < depth);
    }

    private static void AddPart<V>(float* packedA, nint rows, nint depth, nint begin, nint count, float* widened, float* sums, byte* next, nint nextBytes)
        where V : struct, IVector<V>
    {
        // Each tile and strip fetches its share.
        nint shares = (rows + MatrixTile.LargestRows<V>() - 1) / MatrixTile.LargestRows<V>() * Columns / (2 * V.Count);
        nint nextStep = (nextBytes + (shares * count) - 1) / Math.Max(shares * count, 1);
        for (nint done = 0; done < rows;)
        {
            int tileRows = MatrixTile.RowsFor<V>(rows - done);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                MatrixTile.Multiply<V>(tileRows, packedA + (begin * tileRows), widened + strip, Columns, count, sums + strip, begin != 0, next, nextStep);
                next += count * nextStep;
            }

            packedA += tileRows * depth;
            sums += tileRows * SumRows.Stride;
            done += tileRows;
        }
    }

    /// <summary>widened[count, 32] = rows of the panel from <paramref name="begin"/> on, which is a multiple of 8.</summary>
    private static void Widen<V, TFormat>(in NarrowPanel<TFormat> panel, nint begin, nint count, float* widened)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        nint end = (begin + count + TFormat.ElementsPerWord - 1) / TFormat.ElementsPerWord;
        for (nint row = begin / TFormat.ElementsPerWord; row < end;)
        {
            nint segment = row / panel.WordsPerSegment;
            nint rows = Math.Min((segment + 1) * panel.WordsPerSegment, end) - row;
            for (nint column = 0; column < Columns; column += V.Count)
            {
                WidenColumns<V, TFormat>(panel, segment / panel.SegmentsPerBlock, row, rows, column, widened + column);
            }

            widened += rows * TFormat.ElementsPerWord * Columns;
            row += rows;
        }
    }

    private static void WidenColumns<V, TFormat>(in NarrowPanel<TFormat> panel, nint block, nint row, nint rows, nint column, float* widened)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V scales = V.Zero, zeroPoints = V.Zero;
        if (TFormat.IsInteger)
        {
            scales = panel.Scales<V>(block, column);
            zeroPoints = panel.ZeroPoints<V>(block, column);
        }

        uint* words = panel.Words + (row * Columns) + column;
        for (; rows > 0; rows--)
        {
            V word = V.Load((float*)words);
            WidenElement<V, TFormat>(word, 0, zeroPoints, scales, widened);
            WidenElement<V, TFormat>(word, 1, zeroPoints, scales, widened);
            if (TFormat.ElementsPerWord > 2)
            {
                WidenElement<V, TFormat>(word, 2, zeroPoints, scales, widened);
                WidenElement<V, TFormat>(word, 3, zeroPoints, scales, widened);
            }

            if (TFormat.ElementsPerWord > 4)
            {
                WidenElement<V, TFormat>(word, 4, zeroPoints, scales, widened);
                WidenElement<V, TFormat>(word, 5, zeroPoints, scales, widened);
                WidenElement<V, TFormat>(word, 6, zeroPoints, scales, widened);
                WidenElement<V, TFormat>(word, 7, zeroPoints, scales, widened);
            }

            words += Columns;
            widened += TFormat.ElementsPerWord * Columns;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenElement<V, TFormat>(V words, int element, V zeroPoints, V scales, float* widened)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V stored = TFormat.Decode(words, element);
        if (TFormat.Factor(element) != 1)
        {
            stored *= V.Broadcast(TFormat.Factor(element));
        }

        V.Store(TFormat.IsInteger ? (stored - zeroPoints) * scales : stored, widened + (element * Columns));
    }
}
