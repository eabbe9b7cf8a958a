using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Multiplies a block of packed rows with one panel of columns and finishes the sums with the epilogue.</summary>
internal static unsafe class MatrixBlock
{
    /// <summary>
    /// Depth of the part of a panel that meets all rows of a block before the next part is read: 32 columns of it take 128 KiB, which stay in the
    /// second-level cache beside the rows of A that stream past. Measured from 128 to 1024: the longer, the better, by 3 % in all.
    /// </summary>
    public const int DepthBlock = 1024;

    /// <summary>
    /// Depth of the part of a panel that a single tile of narrow vectors reads strip after strip: 16 KiB, which stay in the first-level cache, so that
    /// memory is read once for all strips.
    /// </summary>
    private const int StripDepthBlock = 128;

    /// <summary>C block = epilogue(rows · panel).</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <typeparam name="TEpilogue">The epilogue.</typeparam>
    /// <param name="packedA">Rows packed by <see cref="MatrixPacking.PackLeft"/>.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="depth">Number of products in each sum.</param>
    /// <param name="panel">First element of the panel.</param>
    /// <param name="strideB">Floats from one row of the panel to the next.</param>
    /// <param name="hasNext">Whether another packed panel that will be used next follows this one in memory.</param>
    /// <param name="sums">Room for (rows, rounded up to tiles) · 32 sums.</param>
    /// <param name="c">First element of the block of C.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="columns">Columns present in the panel, at most 32.</param>
    /// <param name="epilogue">The epilogue.</param>
    /// <param name="row">Row that the epilogue calls the block's first.</param>
    /// <param name="column">Column that the epilogue calls the panel's first.</param>
    public static void Multiply<V, TEpilogue>(
        float* packedA, nint rows, nint depth, float* panel, nint strideB, bool hasNext, float* sums, float* c, nint ldc, nint columns, ref TEpilogue epilogue, nint row, nint column)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        bool isSingleTile = rows <= MatrixTile.LargestRows<V>();
        bool isSingleStrip = 2 * V.Count == MatrixMultiply.PanelColumns;
        nint depthBlock = !isSingleTile ? BalancedDepth(depth, DepthBlock)
            : isSingleStrip ? depth
            : BalancedDepth(depth, StripDepthBlock);
        nint begin = 0;
        do
        {
            nint count = Math.Min(depthBlock, depth - begin);
            MultiplyPart<V, TEpilogue>(packedA, rows, depth, begin, count, panel + (begin * strideB), strideB, hasNext || (begin + count < depth && strideB == MatrixMultiply.PanelColumns), sums, c, ldc, columns, ref epilogue, row, column);
            begin += count;
        }
        while (begin < depth);
    }

    /// <summary>Stores epilogue(sums) for rows whose sums are complete.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish<V, TEpilogue>(float* sums, nint rows, float* c, nint ldc, nint columns, ref TEpilogue epilogue, nint row, nint column)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        for (nint index = 0; index < rows; index++)
        {
            nint lane = 0;
            for (; lane + V.Count <= columns; lane += V.Count)
            {
                V result = epilogue.Apply(V.Load(sums + lane), row + index, column + lane);
                if (!TEpilogue.Stores)
                {
                    V.Store(result, c + lane);
                }
            }

            for (; lane < columns; lane++)
            {
                float result = epilogue.Apply(new ScalarFloat(sums[lane]), row + index, column + lane).Value;
                if (!TEpilogue.Stores)
                {
                    c[lane] = result;
                }
            }

            sums += MatrixTile.SumStride;
            c += ldc;
        }
    }

    private static void MultiplyPart<V, TEpilogue>(
        float* packedA,
        nint rows,
        nint depth,
        nint begin,
        nint count,
        float* panel,
        nint strideB,
        bool hasNext,
        float* sums,
        float* c,
        nint ldc,
        nint columns,
        ref TEpilogue epilogue,
        nint row,
        nint column)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        nint strips = (columns + (2 * V.Count) - 1) / (2 * V.Count) * 2 * V.Count;
        nint tiles = (rows + MatrixTile.LargestRows<V>() - 1) / MatrixTile.LargestRows<V>() * (strips / (2 * V.Count));
        byte* next = WhatToFetch(panel, count, tiles, hasNext, out nint nextStep);
        for (nint done = 0; done < rows;)
        {
            int tileRows = MatrixTile.RowsFor<V>(rows - done);
            nint present = Math.Min(tileRows, rows - done);
            if (begin + count == depth && !TEpilogue.Stores)
            {
                PrefetchOutput(c, ldc, present);
            }

            if (tileRows == 1 && 2 * V.Count < MatrixMultiply.PanelColumns)
            {
                MatrixRow.Multiply<V>(packedA + begin, panel, strideB, count, sums, begin != 0);
            }
            else
            {
                for (nint strip = 0; strip < strips; strip += 2 * V.Count)
                {
                    MatrixTile.Multiply<V>(tileRows, packedA + (begin * tileRows), panel + strip, strideB, count, sums + strip, begin != 0, next, nextStep);
                    next += count * nextStep;
                }
            }

            if (begin + count == depth)
            {
                Finish<V, TEpilogue>(sums, present, c, ldc, columns, ref epilogue, row + done, column);
            }

            packedA += tileRows * depth;
            sums += tileRows * MatrixTile.SumStride;
            c += present * ldc;
            done += present;
        }
    }

    /// <summary>
    /// The part of B that follows this one is fetched while this one is multiplied, each tile fetching its share; otherwise the first tile of each part
    /// would wait for memory (2 to 3 % of a product with 128 rows). A single tile reads B once and in order, which the hardware foresees
    /// by itself: fetching ahead there, by whatever distance, was measured to cost up to 10 % of the bandwidth.
    /// </summary>
    private static byte* WhatToFetch(float* panel, nint count, nint tiles, bool hasNext, out nint step)
    {
        if (tiles == 1 || !hasNext)
        {
            step = 0;
            return (byte*)panel;
        }

        step = ((MatrixMultiply.PanelColumns * sizeof(float)) + tiles - 1) / tiles;
        return (byte*)(panel + (count * MatrixMultiply.PanelColumns));
    }

    /// <summary>
    /// Fetches the lines that the tile will write while its sums are still being computed: 2 to 3 % of a product of depth 768. Only to the
    /// second level, as rows of C are often multiples of 4 KiB apart and would evict each other from the first.
    /// </summary>
    private static void PrefetchOutput(float* c, nint ldc, nint rows)
    {
        for (nint index = 0; index < rows; index++)
        {
            Prefetch.ToSecondLevel(c);
            Prefetch.ToSecondLevel(c + Prefetch.LineFloats);
            c += ldc;
        }
    }

    /// <summary>Parts of equal depth, so that no part is short.</summary>
    private static nint BalancedDepth(nint depth, nint block)
    {
        nint parts = (depth + block - 1) / block;
        return parts <= 1 ? depth : (depth + parts - 1) / parts;
    }
}
