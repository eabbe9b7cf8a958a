using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Products of few queries with keys as they lie, for decoding.</summary>
/// <remarks>
/// Memory is read strictly in order, key after key, and each load instruction advances evenly: the processor's own fetching follows that at the full speed
/// of memory, but not four keys at a time or loops within a key, which read at half of it. So keys are unrolled, and queries stay in registers.
/// </remarks>
internal static unsafe class AttentionScoring
{
    private const int ScoreStride = AttentionTile.LeftStride;

    /// <summary>scores[rows, keys] = queries[rows, depth] · keys[count, depth]ᵀ.</summary>
    /// <param name="queries">Queries, rows of <paramref name="depth"/> elements.</param>
    /// <param name="rows">Number of queries.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="keyStride">From one key to the next.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="depth">Elements of a query or key; a multiple of the vector's lanes.</param>
    /// <param name="scores">Output, rows <see cref="AttentionTile.LeftStride"/> apart.</param>
    /// <param name="fetch">What is read.</param>
    public static void Multiply<V>(float* queries, nint rows, float* keys, nint keyStride, nint count, nint depth, float* scores, AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        nint whole = count / 4 * 4;
        for (nint row = 0; row < rows;)
        {
            nint step = 1;
            for (nint element = 0; element < depth;)
            {
                nint vectors = (depth - element) / V.Count;
                vectors = vectors >= 8 ? 8 : vectors >= 4 ? 4 : 1;
                step = RowsOfStep<V>(rows - row, depth);
                MultiplyPart<V>(step, vectors, queries + (row * depth) + element, depth, keys + element, keyStride, whole, scores + (row * ScoreStride), element > 0, fetch);
                element += vectors * V.Count;

                // What was read once is in a cache.
                fetch = default;
            }

            row += step;
        }

        for (nint key = whole; key < count; key++)
        {
            for (nint row = 0; row < rows; row++)
            {
                scores[(row * ScoreStride) + key] = Dot<V>(queries + (row * depth), keys + (key * keyStride), depth);
            }
        }
    }

    // Queries, sums of four keys and an element must fit the registers: 32 with AVX-512, else 16.
    private static nint RowsOfStep<V>(nint rows, nint depth)
        where V : struct, IVector<V> =>
        V.Count < Vector512Float.Count ? 1
        : depth >= 8 * V.Count ? Math.Min(rows, 2)
        : rows == 5 || rows == 6 ? 3
        : Math.Min(rows, 4);

    private static void MultiplyPart<V>(
        nint rows, nint vectors, float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        switch ((vectors, rows))
        {
            case (8, 2):
                TwoOfEight<V>(queries, queryStride, keys, keyStride, count, scores, accumulate, fetch);
                break;
            case (8, 1):
                OneOfEight<V>(queries, keys, keyStride, count, scores, accumulate, fetch);
                break;
            case (4, 4):
                FourOfFour<V>(queries, queryStride, keys, keyStride, count, scores, accumulate, fetch);
                break;
            case (4, 3):
                ThreeOfFour<V>(queries, queryStride, keys, keyStride, count, scores, accumulate, fetch);
                break;
            case (4, 2):
                TwoOfFour<V>(queries, queryStride, keys, keyStride, count, scores, accumulate, fetch);
                break;
            case (4, 1):
                OneOfFour<V>(queries, keys, keyStride, count, scores, accumulate, fetch);
                break;
            default:
                AnyOfOne<V>(rows, queries, queryStride, keys, keyStride, count, scores, accumulate, fetch);
                break;
        }
    }

    private static float Dot<V>(float* query, float* key, nint depth)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        for (nint element = 0; element < depth; element += V.Count)
        {
            sum = V.MultiplyAdd(V.Load(query + element), V.Load(key + element), sum);
        }

        return V.ReduceAdd(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(V first, V second, V third, V fourth, float* scores, bool accumulate)
        where V : struct, IVector<V>
    {
        float before0 = 0, before1 = 0, before2 = 0, before3 = 0;
        if (accumulate)
        {
            (before0, before1, before2, before3) = (scores[0], scores[1], scores[2], scores[3]);
        }

        LaneReduction.Sums(first, second, third, fourth, scores);
        if (accumulate)
        {
            scores[0] += before0;
            scores[1] += before1;
            scores[2] += before2;
            scores[3] += before3;
        }
    }

    // A vector's width of any number of queries, for what is left of unusual sizes.
    private static void AnyOfOne<V>(nint rows, float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V key0 = V.Load(keys), key1 = V.Load(keys + keyStride), key2 = V.Load(keys + (2 * keyStride)), key3 = V.Load(keys + (3 * keyStride));
            for (nint row = 0; row < rows; row++)
            {
                V query = V.Load(queries + (row * queryStride));
                Store(query * key0, query * key1, query * key2, query * key3, scores + (row * ScoreStride) + key, accumulate);
            }

            keys += 4 * keyStride;
        }
    }

    private static void TwoOfEight<V>(float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        V q04 = V.Load(queries + (4 * V.Count)), q05 = V.Load(queries + (5 * V.Count)), q06 = V.Load(queries + (6 * V.Count)), q07 = V.Load(queries + (7 * V.Count));
        V q10 = V.Load(queries + queryStride), q11 = V.Load(queries + queryStride + V.Count), q12 = V.Load(queries + queryStride + (2 * V.Count)), q13 = V.Load(queries + queryStride + (3 * V.Count));
        V q14 = V.Load(queries + queryStride + (4 * V.Count)), q15 = V.Load(queries + queryStride + (5 * V.Count)), q16 = V.Load(queries + queryStride + (6 * V.Count)), q17 = V.Load(queries + queryStride + (7 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V element = V.Load(keys);
            V s00 = q00 * element;
            V s10 = q10 * element;
            element = V.Load(keys + V.Count);
            s00 = V.MultiplyAdd(q01, element, s00);
            s10 = V.MultiplyAdd(q11, element, s10);
            element = V.Load(keys + (2 * V.Count));
            s00 = V.MultiplyAdd(q02, element, s00);
            s10 = V.MultiplyAdd(q12, element, s10);
            element = V.Load(keys + (3 * V.Count));
            s00 = V.MultiplyAdd(q03, element, s00);
            s10 = V.MultiplyAdd(q13, element, s10);
            element = V.Load(keys + (4 * V.Count));
            s00 = V.MultiplyAdd(q04, element, s00);
            s10 = V.MultiplyAdd(q14, element, s10);
            element = V.Load(keys + (5 * V.Count));
            s00 = V.MultiplyAdd(q05, element, s00);
            s10 = V.MultiplyAdd(q15, element, s10);
            element = V.Load(keys + (6 * V.Count));
            s00 = V.MultiplyAdd(q06, element, s00);
            s10 = V.MultiplyAdd(q16, element, s10);
            element = V.Load(keys + (7 * V.Count));
            s00 = V.MultiplyAdd(q07, element, s00);
            s10 = V.MultiplyAdd(q17, element, s10);
            keys += keyStride;
            element = V.Load(keys);
            V s01 = q00 * element;
            V s11 = q10 * element;
            element = V.Load(keys + V.Count);
            s01 = V.MultiplyAdd(q01, element, s01);
            s11 = V.MultiplyAdd(q11, element, s11);
            element = V.Load(keys + (2 * V.Count));
            s01 = V.MultiplyAdd(q02, element, s01);
            s11 = V.MultiplyAdd(q12, element, s11);
            element = V.Load(keys + (3 * V.Count));
            s01 = V.MultiplyAdd(q03, element, s01);
            s11 = V.MultiplyAdd(q13, element, s11);
            element = V.Load(keys + (4 * V.Count));
            s01 = V.MultiplyAdd(q04, element, s01);
            s11 = V.MultiplyAdd(q14, element, s11);
            element = V.Load(keys + (5 * V.Count));
            s01 = V.MultiplyAdd(q05, element, s01);
            s11 = V.MultiplyAdd(q15, element, s11);
            element = V.Load(keys + (6 * V.Count));
            s01 = V.MultiplyAdd(q06, element, s01);
            s11 = V.MultiplyAdd(q16, element, s11);
            element = V.Load(keys + (7 * V.Count));
            s01 = V.MultiplyAdd(q07, element, s01);
            s11 = V.MultiplyAdd(q17, element, s11);
            keys += keyStride;
            element = V.Load(keys);
            V s02 = q00 * element;
            V s12 = q10 * element;
            element = V.Load(keys + V.Count);
            s02 = V.MultiplyAdd(q01, element, s02);
            s12 = V.MultiplyAdd(q11, element, s12);
            element = V.Load(keys + (2 * V.Count));
            s02 = V.MultiplyAdd(q02, element, s02);
            s12 = V.MultiplyAdd(q12, element, s12);
            element = V.Load(keys + (3 * V.Count));
            s02 = V.MultiplyAdd(q03, element, s02);
            s12 = V.MultiplyAdd(q13, element, s12);
            element = V.Load(keys + (4 * V.Count));
            s02 = V.MultiplyAdd(q04, element, s02);
            s12 = V.MultiplyAdd(q14, element, s12);
            element = V.Load(keys + (5 * V.Count));
            s02 = V.MultiplyAdd(q05, element, s02);
            s12 = V.MultiplyAdd(q15, element, s12);
            element = V.Load(keys + (6 * V.Count));
            s02 = V.MultiplyAdd(q06, element, s02);
            s12 = V.MultiplyAdd(q16, element, s12);
            element = V.Load(keys + (7 * V.Count));
            s02 = V.MultiplyAdd(q07, element, s02);
            s12 = V.MultiplyAdd(q17, element, s12);
            keys += keyStride;
            element = V.Load(keys);
            V s03 = q00 * element;
            V s13 = q10 * element;
            element = V.Load(keys + V.Count);
            s03 = V.MultiplyAdd(q01, element, s03);
            s13 = V.MultiplyAdd(q11, element, s13);
            element = V.Load(keys + (2 * V.Count));
            s03 = V.MultiplyAdd(q02, element, s03);
            s13 = V.MultiplyAdd(q12, element, s13);
            element = V.Load(keys + (3 * V.Count));
            s03 = V.MultiplyAdd(q03, element, s03);
            s13 = V.MultiplyAdd(q13, element, s13);
            element = V.Load(keys + (4 * V.Count));
            s03 = V.MultiplyAdd(q04, element, s03);
            s13 = V.MultiplyAdd(q14, element, s13);
            element = V.Load(keys + (5 * V.Count));
            s03 = V.MultiplyAdd(q05, element, s03);
            s13 = V.MultiplyAdd(q15, element, s13);
            element = V.Load(keys + (6 * V.Count));
            s03 = V.MultiplyAdd(q06, element, s03);
            s13 = V.MultiplyAdd(q16, element, s13);
            element = V.Load(keys + (7 * V.Count));
            s03 = V.MultiplyAdd(q07, element, s03);
            s13 = V.MultiplyAdd(q17, element, s13);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            Store(s10, s11, s12, s13, scores + ScoreStride, accumulate);
            scores += 4;
        }
    }

    private static void OneOfEight<V>(float* queries, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        V q04 = V.Load(queries + (4 * V.Count)), q05 = V.Load(queries + (5 * V.Count)), q06 = V.Load(queries + (6 * V.Count)), q07 = V.Load(queries + (7 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V s00 = q00 * V.Load(keys);
            s00 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s00);
            s00 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s00);
            s00 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s00);
            s00 = V.MultiplyAdd(q04, V.Load(keys + (4 * V.Count)), s00);
            s00 = V.MultiplyAdd(q05, V.Load(keys + (5 * V.Count)), s00);
            s00 = V.MultiplyAdd(q06, V.Load(keys + (6 * V.Count)), s00);
            s00 = V.MultiplyAdd(q07, V.Load(keys + (7 * V.Count)), s00);
            keys += keyStride;
            V s01 = q00 * V.Load(keys);
            s01 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s01);
            s01 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s01);
            s01 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s01);
            s01 = V.MultiplyAdd(q04, V.Load(keys + (4 * V.Count)), s01);
            s01 = V.MultiplyAdd(q05, V.Load(keys + (5 * V.Count)), s01);
            s01 = V.MultiplyAdd(q06, V.Load(keys + (6 * V.Count)), s01);
            s01 = V.MultiplyAdd(q07, V.Load(keys + (7 * V.Count)), s01);
            keys += keyStride;
            V s02 = q00 * V.Load(keys);
            s02 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s02);
            s02 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s02);
            s02 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s02);
            s02 = V.MultiplyAdd(q04, V.Load(keys + (4 * V.Count)), s02);
            s02 = V.MultiplyAdd(q05, V.Load(keys + (5 * V.Count)), s02);
            s02 = V.MultiplyAdd(q06, V.Load(keys + (6 * V.Count)), s02);
            s02 = V.MultiplyAdd(q07, V.Load(keys + (7 * V.Count)), s02);
            keys += keyStride;
            V s03 = q00 * V.Load(keys);
            s03 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s03);
            s03 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s03);
            s03 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s03);
            s03 = V.MultiplyAdd(q04, V.Load(keys + (4 * V.Count)), s03);
            s03 = V.MultiplyAdd(q05, V.Load(keys + (5 * V.Count)), s03);
            s03 = V.MultiplyAdd(q06, V.Load(keys + (6 * V.Count)), s03);
            s03 = V.MultiplyAdd(q07, V.Load(keys + (7 * V.Count)), s03);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            scores += 4;
        }
    }

    private static void FourOfFour<V>(float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        V q10 = V.Load(queries + queryStride), q11 = V.Load(queries + queryStride + V.Count), q12 = V.Load(queries + queryStride + (2 * V.Count)), q13 = V.Load(queries + queryStride + (3 * V.Count));
        V q20 = V.Load(queries + (2 * queryStride)), q21 = V.Load(queries + (2 * queryStride) + V.Count), q22 = V.Load(queries + (2 * queryStride) + (2 * V.Count)), q23 = V.Load(queries + (2 * queryStride) + (3 * V.Count));
        V q30 = V.Load(queries + (3 * queryStride)), q31 = V.Load(queries + (3 * queryStride) + V.Count), q32 = V.Load(queries + (3 * queryStride) + (2 * V.Count)), q33 = V.Load(queries + (3 * queryStride) + (3 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V element = V.Load(keys);
            V s00 = q00 * element;
            V s10 = q10 * element;
            V s20 = q20 * element;
            V s30 = q30 * element;
            element = V.Load(keys + V.Count);
            s00 = V.MultiplyAdd(q01, element, s00);
            s10 = V.MultiplyAdd(q11, element, s10);
            s20 = V.MultiplyAdd(q21, element, s20);
            s30 = V.MultiplyAdd(q31, element, s30);
            element = V.Load(keys + (2 * V.Count));
            s00 = V.MultiplyAdd(q02, element, s00);
            s10 = V.MultiplyAdd(q12, element, s10);
            s20 = V.MultiplyAdd(q22, element, s20);
            s30 = V.MultiplyAdd(q32, element, s30);
            element = V.Load(keys + (3 * V.Count));
            s00 = V.MultiplyAdd(q03, element, s00);
            s10 = V.MultiplyAdd(q13, element, s10);
            s20 = V.MultiplyAdd(q23, element, s20);
            s30 = V.MultiplyAdd(q33, element, s30);
            keys += keyStride;
            element = V.Load(keys);
            V s01 = q00 * element;
            V s11 = q10 * element;
            V s21 = q20 * element;
            V s31 = q30 * element;
            element = V.Load(keys + V.Count);
            s01 = V.MultiplyAdd(q01, element, s01);
            s11 = V.MultiplyAdd(q11, element, s11);
            s21 = V.MultiplyAdd(q21, element, s21);
            s31 = V.MultiplyAdd(q31, element, s31);
            element = V.Load(keys + (2 * V.Count));
            s01 = V.MultiplyAdd(q02, element, s01);
            s11 = V.MultiplyAdd(q12, element, s11);
            s21 = V.MultiplyAdd(q22, element, s21);
            s31 = V.MultiplyAdd(q32, element, s31);
            element = V.Load(keys + (3 * V.Count));
            s01 = V.MultiplyAdd(q03, element, s01);
            s11 = V.MultiplyAdd(q13, element, s11);
            s21 = V.MultiplyAdd(q23, element, s21);
            s31 = V.MultiplyAdd(q33, element, s31);
            keys += keyStride;
            element = V.Load(keys);
            V s02 = q00 * element;
            V s12 = q10 * element;
            V s22 = q20 * element;
            V s32 = q30 * element;
            element = V.Load(keys + V.Count);
            s02 = V.MultiplyAdd(q01, element, s02);
            s12 = V.MultiplyAdd(q11, element, s12);
            s22 = V.MultiplyAdd(q21, element, s22);
            s32 = V.MultiplyAdd(q31, element, s32);
            element = V.Load(keys + (2 * V.Count));
            s02 = V.MultiplyAdd(q02, element, s02);
            s12 = V.MultiplyAdd(q12, element, s12);
            s22 = V.MultiplyAdd(q22, element, s22);
            s32 = V.MultiplyAdd(q32, element, s32);
            element = V.Load(keys + (3 * V.Count));
            s02 = V.MultiplyAdd(q03, element, s02);
            s12 = V.MultiplyAdd(q13, element, s12);
            s22 = V.MultiplyAdd(q23, element, s22);
            s32 = V.MultiplyAdd(q33, element, s32);
            keys += keyStride;
            element = V.Load(keys);
            V s03 = q00 * element;
            V s13 = q10 * element;
            V s23 = q20 * element;
            V s33 = q30 * element;
            element = V.Load(keys + V.Count);
            s03 = V.MultiplyAdd(q01, element, s03);
            s13 = V.MultiplyAdd(q11, element, s13);
            s23 = V.MultiplyAdd(q21, element, s23);
            s33 = V.MultiplyAdd(q31, element, s33);
            element = V.Load(keys + (2 * V.Count));
            s03 = V.MultiplyAdd(q02, element, s03);
            s13 = V.MultiplyAdd(q12, element, s13);
            s23 = V.MultiplyAdd(q22, element, s23);
            s33 = V.MultiplyAdd(q32, element, s33);
            element = V.Load(keys + (3 * V.Count));
            s03 = V.MultiplyAdd(q03, element, s03);
            s13 = V.MultiplyAdd(q13, element, s13);
            s23 = V.MultiplyAdd(q23, element, s23);
            s33 = V.MultiplyAdd(q33, element, s33);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            Store(s10, s11, s12, s13, scores + ScoreStride, accumulate);
            Store(s20, s21, s22, s23, scores + (2 * ScoreStride), accumulate);
            Store(s30, s31, s32, s33, scores + (3 * ScoreStride), accumulate);
            scores += 4;
        }
    }

    private static void ThreeOfFour<V>(float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        V q10 = V.Load(queries + queryStride), q11 = V.Load(queries + queryStride + V.Count), q12 = V.Load(queries + queryStride + (2 * V.Count)), q13 = V.Load(queries + queryStride + (3 * V.Count));
        V q20 = V.Load(queries + (2 * queryStride)), q21 = V.Load(queries + (2 * queryStride) + V.Count), q22 = V.Load(queries + (2 * queryStride) + (2 * V.Count)), q23 = V.Load(queries + (2 * queryStride) + (3 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V element = V.Load(keys);
            V s00 = q00 * element;
            V s10 = q10 * element;
            V s20 = q20 * element;
            element = V.Load(keys + V.Count);
            s00 = V.MultiplyAdd(q01, element, s00);
            s10 = V.MultiplyAdd(q11, element, s10);
            s20 = V.MultiplyAdd(q21, element, s20);
            element = V.Load(keys + (2 * V.Count));
            s00 = V.MultiplyAdd(q02, element, s00);
            s10 = V.MultiplyAdd(q12, element, s10);
            s20 = V.MultiplyAdd(q22, element, s20);
            element = V.Load(keys + (3 * V.Count));
            s00 = V.MultiplyAdd(q03, element, s00);
            s10 = V.MultiplyAdd(q13, element, s10);
            s20 = V.MultiplyAdd(q23, element, s20);
            keys += keyStride;
            element = V.Load(keys);
            V s01 = q00 * element;
            V s11 = q10 * element;
            V s21 = q20 * element;
            element = V.Load(keys + V.Count);
            s01 = V.MultiplyAdd(q01, element, s01);
            s11 = V.MultiplyAdd(q11, element, s11);
            s21 = V.MultiplyAdd(q21, element, s21);
            element = V.Load(keys + (2 * V.Count));
            s01 = V.MultiplyAdd(q02, element, s01);
            s11 = V.MultiplyAdd(q12, element, s11);
            s21 = V.MultiplyAdd(q22, element, s21);
            element = V.Load(keys + (3 * V.Count));
            s01 = V.MultiplyAdd(q03, element, s01);
            s11 = V.MultiplyAdd(q13, element, s11);
            s21 = V.MultiplyAdd(q23, element, s21);
            keys += keyStride;
            element = V.Load(keys);
            V s02 = q00 * element;
            V s12 = q10 * element;
            V s22 = q20 * element;
            element = V.Load(keys + V.Count);
            s02 = V.MultiplyAdd(q01, element, s02);
            s12 = V.MultiplyAdd(q11, element, s12);
            s22 = V.MultiplyAdd(q21, element, s22);
            element = V.Load(keys + (2 * V.Count));
            s02 = V.MultiplyAdd(q02, element, s02);
            s12 = V.MultiplyAdd(q12, element, s12);
            s22 = V.MultiplyAdd(q22, element, s22);
            element = V.Load(keys + (3 * V.Count));
            s02 = V.MultiplyAdd(q03, element, s02);
            s12 = V.MultiplyAdd(q13, element, s12);
            s22 = V.MultiplyAdd(q23, element, s22);
            keys += keyStride;
            element = V.Load(keys);
            V s03 = q00 * element;
            V s13 = q10 * element;
            V s23 = q20 * element;
            element = V.Load(keys + V.Count);
            s03 = V.MultiplyAdd(q01, element, s03);
            s13 = V.MultiplyAdd(q11, element, s13);
            s23 = V.MultiplyAdd(q21, element, s23);
            element = V.Load(keys + (2 * V.Count));
            s03 = V.MultiplyAdd(q02, element, s03);
            s13 = V.MultiplyAdd(q12, element, s13);
            s23 = V.MultiplyAdd(q22, element, s23);
            element = V.Load(keys + (3 * V.Count));
            s03 = V.MultiplyAdd(q03, element, s03);
            s13 = V.MultiplyAdd(q13, element, s13);
            s23 = V.MultiplyAdd(q23, element, s23);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            Store(s10, s11, s12, s13, scores + ScoreStride, accumulate);
            Store(s20, s21, s22, s23, scores + (2 * ScoreStride), accumulate);
            scores += 4;
        }
    }

    private static void TwoOfFour<V>(float* queries, nint queryStride, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        V q10 = V.Load(queries + queryStride), q11 = V.Load(queries + queryStride + V.Count), q12 = V.Load(queries + queryStride + (2 * V.Count)), q13 = V.Load(queries + queryStride + (3 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V element = V.Load(keys);
            V s00 = q00 * element;
            V s10 = q10 * element;
            element = V.Load(keys + V.Count);
            s00 = V.MultiplyAdd(q01, element, s00);
            s10 = V.MultiplyAdd(q11, element, s10);
            element = V.Load(keys + (2 * V.Count));
            s00 = V.MultiplyAdd(q02, element, s00);
            s10 = V.MultiplyAdd(q12, element, s10);
            element = V.Load(keys + (3 * V.Count));
            s00 = V.MultiplyAdd(q03, element, s00);
            s10 = V.MultiplyAdd(q13, element, s10);
            keys += keyStride;
            element = V.Load(keys);
            V s01 = q00 * element;
            V s11 = q10 * element;
            element = V.Load(keys + V.Count);
            s01 = V.MultiplyAdd(q01, element, s01);
            s11 = V.MultiplyAdd(q11, element, s11);
            element = V.Load(keys + (2 * V.Count));
            s01 = V.MultiplyAdd(q02, element, s01);
            s11 = V.MultiplyAdd(q12, element, s11);
            element = V.Load(keys + (3 * V.Count));
            s01 = V.MultiplyAdd(q03, element, s01);
            s11 = V.MultiplyAdd(q13, element, s11);
            keys += keyStride;
            element = V.Load(keys);
            V s02 = q00 * element;
            V s12 = q10 * element;
            element = V.Load(keys + V.Count);
            s02 = V.MultiplyAdd(q01, element, s02);
            s12 = V.MultiplyAdd(q11, element, s12);
            element = V.Load(keys + (2 * V.Count));
            s02 = V.MultiplyAdd(q02, element, s02);
            s12 = V.MultiplyAdd(q12, element, s12);
            element = V.Load(keys + (3 * V.Count));
            s02 = V.MultiplyAdd(q03, element, s02);
            s12 = V.MultiplyAdd(q13, element, s12);
            keys += keyStride;
            element = V.Load(keys);
            V s03 = q00 * element;
            V s13 = q10 * element;
            element = V.Load(keys + V.Count);
            s03 = V.MultiplyAdd(q01, element, s03);
            s13 = V.MultiplyAdd(q11, element, s13);
            element = V.Load(keys + (2 * V.Count));
            s03 = V.MultiplyAdd(q02, element, s03);
            s13 = V.MultiplyAdd(q12, element, s13);
            element = V.Load(keys + (3 * V.Count));
            s03 = V.MultiplyAdd(q03, element, s03);
            s13 = V.MultiplyAdd(q13, element, s13);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            Store(s10, s11, s12, s13, scores + ScoreStride, accumulate);
            scores += 4;
        }
    }

    private static void OneOfFour<V>(float* queries, float* keys, nint keyStride, nint count, float* scores, bool accumulate, in AttentionFetch fetch)
        where V : struct, IVector<V>
    {
        V q00 = V.Load(queries), q01 = V.Load(queries + V.Count), q02 = V.Load(queries + (2 * V.Count)), q03 = V.Load(queries + (3 * V.Count));
        for (nint key = 0; key + 4 <= count; key += 4)
        {
            fetch.Rows(key, 4);
            V s00 = q00 * V.Load(keys);
            s00 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s00);
            s00 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s00);
            s00 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s00);
            keys += keyStride;
            V s01 = q00 * V.Load(keys);
            s01 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s01);
            s01 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s01);
            s01 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s01);
            keys += keyStride;
            V s02 = q00 * V.Load(keys);
            s02 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s02);
            s02 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s02);
            s02 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s02);
            keys += keyStride;
            V s03 = q00 * V.Load(keys);
            s03 = V.MultiplyAdd(q01, V.Load(keys + V.Count), s03);
            s03 = V.MultiplyAdd(q02, V.Load(keys + (2 * V.Count)), s03);
            s03 = V.MultiplyAdd(q03, V.Load(keys + (3 * V.Count)), s03);
            keys += keyStride;
            Store(s00, s01, s02, s03, scores, accumulate);
            scores += 4;
        }
    }
}
