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
    /// <param name="product">Operands, sizes and where results go.</param>
    /// <param name="epilogue">The epilogue.</param>
    public static void Multiply<V, TEpilogue>(in PanelProduct product, ref TEpilogue epilogue)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        bool isSingleTile = MatrixTile.RowsFor<V>(product.Rows) == product.Rows;
        bool isSingleStrip = 2 * V.Count == MatrixMultiply.PanelColumns;
        nint depthBlock = !isSingleTile ? BalancedDepth(product.Depth, DepthBlock)
            : isSingleStrip ? product.Depth
            : BalancedDepth(product.Depth, StripDepthBlock);
        nint begin = 0;
        do
        {
            nint count = Math.Min(depthBlock, product.Depth - begin);
            MultiplyPart<V, TEpilogue>(product, begin, count, ref epilogue);
            begin += count;
        }
        while (begin < product.Depth);
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

    private static void MultiplyPart<V, TEpilogue>(in PanelProduct product, nint begin, nint count, ref TEpilogue epilogue)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        bool isFirst = begin == 0, isLast = begin + count == product.Depth;

        // Sums that nothing is done to need no place of their own.
        bool sumsInOutput = typeof(TEpilogue) == typeof(NoEpilogue) && product.Columns == MatrixMultiply.PanelColumns;
        nint strips = (product.Columns + (2 * V.Count) - 1) / (2 * V.Count) * 2 * V.Count;
        nint rowTiles = (product.Rows + MatrixTile.LargestRows<V>() - 1) / MatrixTile.LargestRows<V>();
        nint share = PackingShare(product, count, rowTiles);
        nint packed = begin;
        var tile = new TileOperands
        {
            RowStrideA = product.A.RowStride,
            StrideB = product.StrideB,
            Sums = product.Sums,
            SumStride = sumsInOutput ? product.StrideC : MatrixTile.SumStride,
        };
        ChooseWhatToFetch(product, begin, count, rowTiles * strips / (2 * V.Count), isLast, ref tile);
        float* panel = product.Panel + (begin * product.StrideB);
        float* c = product.C;
        for (nint done = 0; done < product.Rows;)
        {
            int tileRows = MatrixTile.RowsFor<V>(product.Rows - done);
            tile.A = product.A.At(done, begin, tileRows);
            tile.StepA = product.A.Step(tileRows);
            if (isLast && !TEpilogue.Stores)
            {
                PrefetchOutput(c, product.StrideC, tileRows);
            }

            float* sums = sumsInOutput ? c : tile.Sums;
            nint pieceRows = Math.Min(share, begin + count - packed);
            if (tileRows == 1 && 2 * V.Count < MatrixMultiply.PanelColumns && tile.StepA == 1)
            {
                MatrixRow.Multiply<V>(tile.A, panel, product.StrideB, count, sums, !isFirst);
            }
            else
            {
                FetchSource(product.Source, packed, pieceRows, count, ref tile);
                MultiplyStrips<V>(tileRows, ref tile, panel, product.Columns, strips, count, sums, !isFirst);
            }

            if (pieceRows > 0)
            {
                product.Source.Pack<V>(packed, pieceRows);
                packed += pieceRows;
            }

            if (!sumsInOutput)
            {
                if (isLast)
                {
                    Finish<V, TEpilogue>(sums, tileRows, c, product.StrideC, product.Columns, ref epilogue, product.Row + done, product.Column);
                }

                // Sums that are complete are needed no more: their place stays in the first-level cache.
                tile.Sums += isFirst && isLast ? 0 : tileRows * MatrixTile.SumStride;
            }

            c += tileRows * product.StrideC;
            done += tileRows;
        }

        if (product.Source.Data != null && packed < begin + count)
        {
            product.Source.Pack<V>(packed, begin + count - packed);
        }
    }

    private static void MultiplyStrips<V>(int tileRows, ref TileOperands tile, float* panel, nint columns, nint strips, nint count, float* sums, bool accumulate)
        where V : struct, IVector<V>
    {
        TileOperands operands = tile;
        for (nint strip = 0; strip < strips; strip += 2 * V.Count)
        {
            operands.B = panel + strip;
            operands.Sums = sums + strip;
            if (V.Count == 16 && columns <= 16)
            {
                // Two vectors of half the width do as many multiply-adds in half the time; the machine has the registers for their tiles too.
                MatrixTile.Multiply<Vector256Float>(tileRows, operands, count, accumulate);
            }
            else
            {
                MatrixTile.Multiply<V>(tileRows, operands, count, accumulate);
            }

            operands.Next += (count + operands.StepsPerFetch - 1) / operands.StepsPerFetch * operands.NextStep;
        }

        tile.Next = operands.Next;
    }

    /// <summary>Rows of the next panel to pack after each tile: a multiple of what is transposed at a time, or all of this part's where few tiles are left to do it.</summary>
    private static nint PackingShare(in PanelProduct product, nint count, nint rowTiles)
    {
        const nint transposed = 16;
        return product.Source.Data == null ? 0 : ((count + rowTiles - 1) / rowTiles + transposed - 1) / transposed * transposed;
    }

    /// <summary>
    /// The part of B that follows this one is fetched while this one is multiplied, each tile fetching its share; otherwise the first tile of each part
    /// would wait for memory (2 to 3 % of a product with 128 rows). A single tile reads B once and in order, which the hardware foresees
    /// by itself: fetching ahead there, by whatever distance, was measured to cost up to 10 % of the bandwidth.
    /// </summary>
    private static void ChooseWhatToFetch(in PanelProduct product, nint begin, nint count, nint tiles, bool isLast, ref TileOperands tile)
    {
        bool hasNext = product.HasNext || (!isLast && product.StrideB == MatrixMultiply.PanelColumns);
        bool fetches = tiles > 1 && hasNext;
        tile.Next = (byte*)(fetches ? product.Panel + ((begin + count) * MatrixMultiply.PanelColumns) : product.Panel);
        tile.NextStep = fetches ? TileOperands.FetchedBytes : 0;
        tile.StepsPerFetch = fetches ? tiles : Math.Max(count, 1);
    }

    /// <summary>
    /// Fetches the rows of the next panel that are packed after this tile. They are often a page or more apart, where the hardware foresees nothing and where few of them fit a cache at a time,
    /// as they fall into few of its sets; hence not the whole panel at once.
    /// </summary>
    private static void FetchSource(in PanelSource source, nint row, nint rows, nint count, ref TileOperands tile)
    {
        if (rows > 0 && source.ColumnStride == 1)
        {
            tile.Next = (byte*)(source.Data + (row * source.RowStride));
            tile.NextStep = source.RowStride * sizeof(float);
            tile.StepsPerFetch = Math.Max(count / rows, 1);
        }
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
