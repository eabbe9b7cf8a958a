using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A few rows of float32 activations times a panel of narrow weights, which are widened in registers: each word is read once for all rows. For one to four rows, where
/// memory is the limit.
/// </summary>
internal static unsafe class NarrowRows
{
    /// <summary>Most rows.</summary>
    public const int MaximumRows = 4;

    private const int Columns = NarrowMatrix.PanelColumns;

    /// <summary>Bytes of words that narrower vectors go over strip by strip: they should stay in the first-level cache, so that memory is read once for all strips.</summary>
    private const nint StripBytes = 16 * 1024;

    /// <summary>Rows that a kernel takes for so many present.</summary>
    public static int RowsFor(nint rows) => rows > 2 ? 4 : (int)rows;

    /// <summary>sums[rows, 32] = rows of <paramref name="left"/> · panel.</summary>
    public static void Multiply<V, TFormat>(int rows, in NarrowLeft left, in NarrowPanel<TFormat> panel, nint segments, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        bool isSingleStrip = 2 * V.Count >= Columns;
        nint part = isSingleStrip ? segments : Math.Max(1, StripBytes / (panel.WordsPerSegment * Columns * sizeof(uint)));
        new Span<float>(sums, rows * Columns).Clear();
        for (nint first = 0; first < segments; first += part)
        {
            nint end = Math.Min(first + part, segments);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                bool isHalfRow = left.IsScaled || typeof(TFormat) == typeof(BFloat16Format);
                if (rows == 1 && isHalfRow && OneHalfRow<V, TFormat>(left, panel, first, end, strip, sums + strip))
                {
                    continue;
                }

                if (rows == 1)
                {
                    OneRow<V, TFormat>(left, panel, first, end, strip, sums + strip);
                }
                else
                {
                    ManyRows<V, TFormat>(rows, left, panel, first, end, strip, sums + strip);
                }
            }
        }
    }

    /// <summary>One row of bfloat16 weights, or of float16 weights and scaled activations; false, and sums as they were, where a float16 weight is not a finite number.</summary>
    private static bool OneHalfRow<V, TFormat>(in NarrowLeft left, in NarrowPanel<TFormat> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        float* a = left.Elements + (first * panel.WordsPerSegment * TFormat.ElementsPerWord);
        uint* words = panel.Words + (first * panel.WordsPerSegment * Columns) + strip;
        V total0 = V.Load(sums), total1 = V.Load(sums + V.Count), factor = V.Broadcast(left.IsScaled ? HalfRow.SumScale : 1);
        for (nint segment = first; segment < end; segment++)
        {
            nint wordRows = panel.WordRowsOf(segment);
            if (!HalfRow.Segment<V, TFormat>(a, words, wordRows, out V sum0, out V sum1))
            {
                return false;
            }

            total0 = V.MultiplyAdd(sum0, factor, total0);
            total1 = V.MultiplyAdd(sum1, factor, total1);
            words += wordRows * Columns;
            a += wordRows * TFormat.ElementsPerWord;
        }

        V.Store(total0, sums);
        V.Store(total1, sums + V.Count);
        return true;
    }

    private static void OneRow<V, TFormat>(in NarrowLeft left, in NarrowPanel<TFormat> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        float* a = left.Elements + (first * panel.WordsPerSegment * TFormat.ElementsPerWord);
        uint* words = panel.Words + (first * panel.WordsPerSegment * Columns) + strip;
        V total0 = V.Load(sums), total1 = V.Load(sums + V.Count);
        nint block = first / panel.SegmentsPerBlock;
        nint left0 = panel.SegmentsPerBlock - (first % panel.SegmentsPerBlock);
        for (nint segment = first; segment < end; segment++)
        {
            // Two sums a column, or the latency of one would be the limit.
            V even0 = V.Zero, even1 = V.Zero, odd0 = V.Zero, odd1 = V.Zero;
            for (nint row = panel.WordRowsOf(segment); row > 0; row--)
            {
                WordStream.Fetch(words);
                V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
                Add<V, TFormat>(words0, words1, V.Broadcast(a[0]), 0, ref even0, ref even1);
                Add<V, TFormat>(words0, words1, V.Broadcast(a[1]), 1, ref odd0, ref odd1);
                if (TFormat.ElementsPerWord > 2)
                {
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[2]), 2, ref even0, ref even1);
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[3]), 3, ref odd0, ref odd1);
                }

                if (TFormat.ElementsPerWord > 4)
                {
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[4]), 4, ref even0, ref even1);
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[5]), 5, ref odd0, ref odd1);
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[6]), 6, ref even0, ref even1);
                    Add<V, TFormat>(words0, words1, V.Broadcast(a[7]), 7, ref odd0, ref odd1);
                }

                words += Columns;
                a += TFormat.ElementsPerWord;
            }

            V activations = V.Broadcast(left.Sums[segment]);
            Parameters<V, TFormat>(panel, block, strip, out V scales0, out V scales1, out V zero0, out V zero1);
            V sum0 = even0 + odd0, sum1 = even1 + odd1;
            if (left.IsScaled)
            {
                V factor = V.Broadcast(left.SumFactor<TFormat>());
                (sum0, sum1) = (sum0 * factor, sum1 * factor);
            }

            total0 = NarrowPanel<TFormat>.Finish(sum0, activations, zero0, scales0, total0);
            total1 = NarrowPanel<TFormat>.Finish(sum1, activations, zero1, scales1, total1);
            if (--left0 == 0)
            {
                block++;
                left0 = panel.SegmentsPerBlock;
            }
        }

        V.Store(total0, sums);
        V.Store(total1, sums + V.Count);
    }

    private static void ManyRows<V, TFormat>(int rows, in NarrowLeft left, in NarrowPanel<TFormat> panel, nint first, nint end, nint strip, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        float* memory = stackalloc float[(2 * MaximumRows * 2 * V.Count) + Prefetch.LineFloats];
        float* products = Alignment.Lines(memory), previous = products + (MaximumRows * 2 * V.Count);
        float* a = left.Elements + (first * panel.WordsPerSegment * TFormat.ElementsPerWord);
        uint* words = panel.Words + (first * panel.WordsPerSegment * Columns) + strip;
        for (nint segment = first; segment < end; segment++)
        {
            nint wordRows = panel.WordRowsOf(segment);
            if (rows == 2)
            {
                TwoRows<V, TFormat>(a, left.Stride, words, wordRows, products);
            }
            else
            {
                FourRows<V, TFormat>(a, left.Stride, words, wordRows, products);
            }

            // A segment late, as vectors read back just after they were written wait until they have reached the cache.
            if (segment > first)
            {
                AddScaled<V, TFormat>(rows, previous, left.Sums + segment - 1, left.SumStride, panel, (segment - 1) / panel.SegmentsPerBlock, strip, sums);
            }

            float* written = products;
            products = previous;
            previous = written;
            a += wordRows * TFormat.ElementsPerWord;
            words += wordRows * Columns;
        }

        AddScaled<V, TFormat>(rows, previous, left.Sums + end - 1, left.SumStride, panel, (end - 1) / panel.SegmentsPerBlock, strip, sums);
    }

    private static void TwoRows<V, TFormat>(float* a, nint next, uint* words, nint wordRows, float* products)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero;
        for (; wordRows > 0; wordRows--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            Add<V, TFormat>(words0, words1, a, next, 0, ref a0, ref a1, ref b0, ref b1);
            Add<V, TFormat>(words0, words1, a, next, 1, ref a0, ref a1, ref b0, ref b1);
            if (TFormat.ElementsPerWord > 2)
            {
                Add<V, TFormat>(words0, words1, a, next, 2, ref a0, ref a1, ref b0, ref b1);
                Add<V, TFormat>(words0, words1, a, next, 3, ref a0, ref a1, ref b0, ref b1);
            }

            if (TFormat.ElementsPerWord > 4)
            {
                Add<V, TFormat>(words0, words1, a, next, 4, ref a0, ref a1, ref b0, ref b1);
                Add<V, TFormat>(words0, words1, a, next, 5, ref a0, ref a1, ref b0, ref b1);
                Add<V, TFormat>(words0, words1, a, next, 6, ref a0, ref a1, ref b0, ref b1);
                Add<V, TFormat>(words0, words1, a, next, 7, ref a0, ref a1, ref b0, ref b1);
            }

            words += Columns;
            a += TFormat.ElementsPerWord;
        }

        Store(a0, a1, products);
        Store(b0, b1, products + (2 * V.Count));
    }

    private static void FourRows<V, TFormat>(float* a, nint next, uint* words, nint wordRows, float* products)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
        for (; wordRows > 0; wordRows--)
        {
            WordStream.Fetch(words);
            float* c = a + (2 * next);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            Add<V, TFormat>(words0, words1, a, c, next, 0, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            Add<V, TFormat>(words0, words1, a, c, next, 1, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            if (TFormat.ElementsPerWord > 2)
            {
                Add<V, TFormat>(words0, words1, a, c, next, 2, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
                Add<V, TFormat>(words0, words1, a, c, next, 3, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            }

            if (TFormat.ElementsPerWord > 4)
            {
                Add<V, TFormat>(words0, words1, a, c, next, 4, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
                Add<V, TFormat>(words0, words1, a, c, next, 5, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
                Add<V, TFormat>(words0, words1, a, c, next, 6, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
                Add<V, TFormat>(words0, words1, a, c, next, 7, ref a0, ref a1, ref b0, ref b1, ref c0, ref c1, ref d0, ref d1);
            }

            words += Columns;
            a += TFormat.ElementsPerWord;
        }

        Store(a0, a1, products);
        Store(b0, b1, products + (2 * V.Count));
        Store(c0, c1, products + (4 * V.Count));
        Store(d0, d1, products + (6 * V.Count));
    }

    /// <summary>Adds what a segment gave to the sums. A method of its own, as the compiler stops inlining in methods that become too large.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddScaled<V, TFormat>(int rows, float* products, float* activations, nint activationStride, in NarrowPanel<TFormat> panel, nint block, nint strip, float* sums)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        Parameters<V, TFormat>(panel, block, strip, out V scales0, out V scales1, out V zero0, out V zero1);
        for (; rows > 0; rows--)
        {
            V all = V.Broadcast(*activations);
            V.Store(NarrowPanel<TFormat>.Finish(V.Load(products), all, zero0, scales0, V.Load(sums)), sums);
            V.Store(NarrowPanel<TFormat>.Finish(V.Load(products + V.Count), all, zero1, scales1, V.Load(sums + V.Count)), sums + V.Count);
            activations += activationStride;
            products += 2 * V.Count;
            sums += Columns;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V, TFormat>(V words0, V words1, V x, int element, ref V sum0, ref V sum1)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        sum0 = V.MultiplyAdd(TFormat.Decode(words0, element), x, sum0);
        sum1 = V.MultiplyAdd(TFormat.Decode(words1, element), x, sum1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V, TFormat>(V words0, V words1, float* a, nint next, int element, ref V a0, ref V a1, ref V b0, ref V b1)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V weights0 = TFormat.Decode(words0, element), weights1 = TFormat.Decode(words1, element);
        V x = V.Broadcast(a[element]);
        a0 = V.MultiplyAdd(weights0, x, a0);
        a1 = V.MultiplyAdd(weights1, x, a1);
        x = V.Broadcast(a[next + element]);
        b0 = V.MultiplyAdd(weights0, x, b0);
        b1 = V.MultiplyAdd(weights1, x, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V, TFormat>(
        V words0, V words1, float* a, float* c, nint next, int element, ref V a0, ref V a1, ref V b0, ref V b1, ref V c0, ref V c1, ref V d0, ref V d1)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        V weights0 = TFormat.Decode(words0, element), weights1 = TFormat.Decode(words1, element);
        V x = V.Broadcast(a[element]);
        a0 = V.MultiplyAdd(weights0, x, a0);
        a1 = V.MultiplyAdd(weights1, x, a1);
        x = V.Broadcast(a[next + element]);
        b0 = V.MultiplyAdd(weights0, x, b0);
        b1 = V.MultiplyAdd(weights1, x, b1);
        x = V.Broadcast(c[element]);
        c0 = V.MultiplyAdd(weights0, x, c0);
        c1 = V.MultiplyAdd(weights1, x, c1);
        x = V.Broadcast(c[next + element]);
        d0 = V.MultiplyAdd(weights0, x, d0);
        d1 = V.MultiplyAdd(weights1, x, d1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Parameters<V, TFormat>(in NarrowPanel<TFormat> panel, nint block, nint strip, out V scales0, out V scales1, out V zero0, out V zero1)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
    {
        scales0 = scales1 = zero0 = zero1 = V.Zero;
        if (TFormat.IsInteger)
        {
            panel.FetchScales(block);
            scales0 = panel.Scales<V>(block, strip);
            scales1 = panel.Scales<V>(block, strip + V.Count);
            zero0 = zero1 = V.Broadcast(TFormat.DefaultZeroPoint);
            if (panel.HasZeroPoints)
            {
                zero0 = panel.ZeroPoints<V>(block, strip);
                zero1 = panel.ZeroPoints<V>(block, strip + V.Count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(V product0, V product1, float* products)
        where V : struct, IVector<V>
    {
        V.Store(product0, products);
        V.Store(product1, products + V.Count);
    }
}
