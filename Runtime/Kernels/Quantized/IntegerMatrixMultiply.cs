using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Products of 8-bit integers with exact sums in int32 and a fused epilogue.</summary>
public static unsafe class IntegerMatrixMultiply
{
    /// <summary>C[m, n] = epilogue(Σ (A[m, k] − zero point of A) · (W[k, n] − zero point of W)), where the sums are exact.</summary>
    /// <typeparam name="TLeft">byte or sbyte.</typeparam>
    /// <typeparam name="TOutput">
    /// float, <see cref="Half"/>, <see cref="Vectors.BFloat16"/>, or byte, sbyte, short or ushort where the epilogue gives whole numbers: the epilogue sees the sums as float32. Or int: the
    /// sums themselves, and the epilogue is not used.
    /// </typeparam>
    /// <typeparam name="TEpilogue">What is done to each sum before it is stored.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="a">Left operand, rows of k contiguous elements.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="zeroPointsA">Zero point of the first row of A, or null for 0.</param>
    /// <param name="zeroPointStride">0 where all rows share it, 1 where each has its own.</param>
    /// <param name="weights">The right operand.</param>
    /// <param name="c">Output, rows of n contiguous elements; must not overlap A.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="epilogue">The epilogue.</param>
    /// <exception cref="ArgumentException"><paramref name="weights"/> is not consistent.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="TLeft"/> is another type.</exception>
    public static void Packed<TLeft, TOutput, TEpilogue>(
        Workers workers, TLeft* a, nint lda, TLeft* zeroPointsA, nint zeroPointStride, in IntegerMatrix weights, TOutput* c, nint ldc, nint m, TEpilogue epilogue)
        where TLeft : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        if (typeof(TLeft) != typeof(byte) && typeof(TLeft) != typeof(sbyte))
        {
            throw new NotSupportedException($"The left operand of an integer product is byte or sbyte, not {typeof(TLeft)}.");
        }

        // What has no elements needs no memory.
        bool lacksMemory = weights.Columns > 0 && ((weights.Words == null && weights.Depth > 0) || weights.ColumnSums == null);
        if (lacksMemory || weights.Depth < 0 || weights.Columns < 0)
        {
            throw new ArgumentException($"An integer matrix needs words, column sums and sizes of at least 0, not {weights.Depth} × {weights.Columns}.", nameof(weights));
        }

        if (m <= 0 || weights.Columns == 0)
        {
            return;
        }

        var work = new IntegerProductWork<TLeft, TOutput, TEpilogue>
        {
            Workers = workers,
            Partition = MatrixPartition.Create(workers.Count, 1, m, weights.Columns, weights.Depth, TEpilogue.PanelsPerUnit),
            A = a,
            StrideA = lda,
            ZeroPointsA = zeroPointsA,
            ZeroPointStride = zeroPointStride,
            Matrix = weights,
            C = c,
            StrideC = ldc,
            Rows = m,
            Epilogue = epilogue,
        };
        workers.RunItems(work, work.Partition.Items, work.Partition.Threads);
    }

    /// <summary>Sums of the stored elements of each column, for weights packed in panels of words: once at load.</summary>
    /// <param name="words">[batch][⌈columns / width⌉][⌈depth / 4⌉][width] words of four int8.</param>
    /// <param name="batch">Number of matrices.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="depth">Rows of each.</param>
    /// <param name="width">Columns of a panel.</param>
    /// <param name="sums">Receives [batch][⌈columns / width⌉ · width] sums.</param>
    public static void ColumnSums(uint* words, nint batch, nint columns, nint depth, int width, int* sums)
    {
        nint panels = batch * ((columns + width - 1) / width);
        nint groups = (depth + 3) / 4;
        for (nint panel = 0; panel < panels; panel++)
        {
            new Span<int>(sums, width).Clear();
            for (nint group = 0; group < groups; group++)
            {
                for (int column = 0; column < width; column++)
                {
                    var word = (int)words[column];
                    sums[column] += (sbyte)word + (sbyte)(word >> 8) + (sbyte)(word >> 16) + (word >> 24);
                }

                words += width;
            }

            sums += width;
        }
    }

    /// <summary>Packs a right operand that was computed at run time, with its column sums.</summary>
    /// <typeparam name="TRight">byte or sbyte.</typeparam>
    /// <param name="b">First element.</param>
    /// <param name="rowStride">Elements from one row (step of the depth) to the next.</param>
    /// <param name="columnStride">Elements from one column to the next.</param>
    /// <param name="depth">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="words">Receives [⌈columns / 32⌉][⌈depth / 4⌉][32] words.</param>
    /// <param name="sums">Receives [⌈columns / 32⌉ · 32] sums.</param>
    public static void PackRight<TRight>(TRight* b, nint rowStride, nint columnStride, nint depth, nint columns, uint* words, int* sums)
        where TRight : unmanaged
    {
        const int width = NarrowMatrix.PanelColumns;

        // A byte with its highest bit flipped is the same number less 128 as sbyte.
        uint flip = typeof(TRight) == typeof(byte) ? 0x80u : 0;
        uint* to = words;
        for (nint panel = 0; panel < columns; panel += width)
        {
            for (nint group = 0; group < depth; group += 4)
            {
                for (nint column = panel; column < panel + width; column++)
                {
                    uint word = 0;
                    for (nint k = group; k < Math.Min(group + 4, depth) && column < columns; k++)
                    {
                        word |= (*(byte*)(b + (k * rowStride) + (column * columnStride)) ^ flip) << (int)(8 * (k - group));
                    }

                    *to++ = word;
                }
            }
        }

        ColumnSums(words, 1, columns, depth, width, sums);
    }
}
