using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Products over one tile of keys. Nothing here depends on threads; each output element has one order of summation per vector width.</summary>
internal static unsafe class AttentionTile
{
    private const nint CacheLineFloats = 16;

    // Keys are asked for 8 KiB before they are used. Measured with heads of 128 from memory: from half of the read bandwidth to nearly all of it.
    private const nint KeyLeadFloats = 2048;

    /// <summary>
    /// c[rows, columns] = a[rows, depth] · b[depth, columns], added to what c holds if <paramref name="accumulate"/>.
    /// </summary>
    /// <param name="a">Left operand.</param>
    /// <param name="lda">From one row of a to the next.</param>
    /// <param name="b">Right operand.</param>
    /// <param name="ldb">From one row of b to the next.</param>
    /// <param name="c">Output.</param>
    /// <param name="ldc">From one row of c to the next.</param>
    /// <param name="rows">Any number.</param>
    /// <param name="columns">A multiple of the vector's lanes.</param>
    /// <param name="depth">Any number.</param>
    /// <param name="accumulate">Whether c is added to.</param>
    public static void Multiply<V>(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, nint rows, nint columns, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        nint row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            nint column = 0;
            for (; column + (2 * V.Count) <= columns; column += 2 * V.Count)
            {
                Multiply4x2<V>(a + (row * lda), lda, b + column, ldb, c + (row * ldc) + column, ldc, depth, accumulate);
            }

            if (column < columns)
            {
                Multiply4x1<V>(a + (row * lda), lda, b + column, ldb, c + (row * ldc) + column, ldc, depth, accumulate);
            }
        }

        for (; row < rows; row++)
        {
            nint column = 0;
            for (; column + (4 * V.Count) <= columns; column += 4 * V.Count)
            {
                Multiply1x4<V>(a + (row * lda), b + column, ldb, c + (row * ldc) + column, depth, accumulate);
            }

            for (; column < columns; column += V.Count)
            {
                Multiply1x1<V>(a + (row * lda), b + column, ldb, c + (row * ldc) + column, depth, accumulate);
            }
        }
    }

    /// <summary>
    /// scores[rows, keys] = queries[rows, depth] · keys[keys, depth]ᵀ where both lie as they are stored: for few rows, where turning the keys
    /// around would cost more than the product. Fetches the values that will be needed next into the cache on the way.
    /// </summary>
    /// <param name="queries">Queries, rows of <paramref name="depth"/> elements.</param>
    /// <param name="rows">Number of queries.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="keyStride">From one key to the next.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="depth">Elements of a query or key; a multiple of the vector's lanes.</param>
    /// <param name="scores">Output.</param>
    /// <param name="scoreStride">From one row of scores to the next.</param>
    /// <param name="values">Values of the same keys.</param>
    /// <param name="valueStride">From one value to the next.</param>
    /// <param name="valueSize">Elements of a value.</param>
    public static void Dot<V>(
        float* queries, nint rows, float* keys, nint keyStride, nint count, nint depth, float* scores, nint scoreStride, float* values, nint valueStride, nint valueSize)
        where V : struct, IVector<V>
    {
        nint lead = KeyLeadFloats / Math.Max(keyStride, 1) * keyStride;
        nint key = 0;
        for (; key + 4 <= count; key += 4)
        {
            Prefetch(keys + (key * keyStride) + lead, keyStride, depth, 4);
            Prefetch(values + (key * valueStride), valueStride, valueSize, 4);
            float* block = keys + (key * keyStride);
            nint row = 0;
            for (; row + 2 <= rows; row += 2)
            {
                float* query = queries + (row * depth);
                float* target = scores + (row * scoreStride) + key;
                Dot2x2<V>(query, block, keyStride, depth, target, scoreStride);
                Dot2x2<V>(query, block + (2 * keyStride), keyStride, depth, target + 2, scoreStride);
            }

            for (; row < rows; row++)
            {
                Dot1x4<V>(queries + (row * depth), block, keyStride, depth, scores + (row * scoreStride) + key);
            }
        }

        for (; key < count; key++)
        {
            Prefetch(values + (key * valueStride), valueStride, valueSize, 1);
            for (nint row = 0; row < rows; row++)
            {
                scores[(row * scoreStride) + key] = Dot1x1<V>(queries + (row * depth), keys + (key * keyStride), depth);
            }
        }
    }

    /// <summary>Writes keys [count, depth] turned around as [depth, columns]; the columns past the keys become 0.</summary>
    public static void Transpose(float* keys, nint keyStride, nint count, nint depth, float* target, nint columns)
    {
        nint key = 0;
        for (; key + 4 <= count; key += 4)
        {
            float* key0 = keys + (key * keyStride);
            float* key1 = key0 + keyStride;
            float* key2 = key1 + keyStride;
            float* key3 = key2 + keyStride;
            float* column = target + key;
            for (nint element = 0; element < depth; element++)
            {
                column[0] = key0[element];
                column[1] = key1[element];
                column[2] = key2[element];
                column[3] = key3[element];
                column += columns;
            }
        }

        for (; key < columns; key++)
        {
            for (nint element = 0; element < depth; element++)
            {
                target[(element * columns) + key] = key < count ? keys[(key * keyStride) + element] : 0;
            }
        }
    }

    /// <summary>Copies rows [count, size] so that each is <paramref name="padded"/> elements long, filled up with 0.</summary>
    public static void CopyPadded(float* source, nint stride, nint count, nint size, float* target, nint padded)
    {
        for (nint row = 0; row < count; row++)
        {
            new ReadOnlySpan<float>(source + (row * stride), (int)size).CopyTo(new Span<float>(target, (int)size));
            new Span<float>(target + size, (int)(padded - size)).Clear();
            target += padded;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* values, nint stride, nint size, nint count)
    {
        if (Sse.IsSupported)
        {
            for (nint row = 0; row < count; row++)
            {
                for (nint element = 0; element < size; element += CacheLineFloats)
                {
                    Sse.Prefetch0(values + (row * stride) + element);
                }
            }
        }
    }

    private static void Multiply4x2<V>(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero, c30 = V.Zero, c31 = V.Zero;
        float* c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc;
        if (accumulate)
        {
            (c00, c01) = (V.Load(c), V.Load(c + V.Count));
            (c10, c11) = (V.Load(c1), V.Load(c1 + V.Count));
            (c20, c21) = (V.Load(c2), V.Load(c2 + V.Count));
            (c30, c31) = (V.Load(c3), V.Load(c3 + V.Count));
        }

        float* a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
        for (nint k = 0; k < depth; k++)
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Count);
            V left = V.Broadcast(a[k]);
            c00 = V.MultiplyAdd(left, b0, c00);
            c01 = V.MultiplyAdd(left, b1, c01);
            left = V.Broadcast(a1[k]);
            c10 = V.MultiplyAdd(left, b0, c10);
            c11 = V.MultiplyAdd(left, b1, c11);
            left = V.Broadcast(a2[k]);
            c20 = V.MultiplyAdd(left, b0, c20);
            c21 = V.MultiplyAdd(left, b1, c21);
            left = V.Broadcast(a3[k]);
            c30 = V.MultiplyAdd(left, b0, c30);
            c31 = V.MultiplyAdd(left, b1, c31);
            b += ldb;
        }

        V.Store(c00, c);
        V.Store(c01, c + V.Count);
        V.Store(c10, c1);
        V.Store(c11, c1 + V.Count);
        V.Store(c20, c2);
        V.Store(c21, c2 + V.Count);
        V.Store(c30, c3);
        V.Store(c31, c3 + V.Count);
    }

    private static void Multiply4x1<V>(float* a, nint lda, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero;
        if (accumulate)
        {
            (c0, c1, c2, c3) = (V.Load(c), V.Load(c + ldc), V.Load(c + (2 * ldc)), V.Load(c + (3 * ldc)));
        }

        float* a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
        for (nint k = 0; k < depth; k++)
        {
            V right = V.Load(b);
            c0 = V.MultiplyAdd(V.Broadcast(a[k]), right, c0);
            c1 = V.MultiplyAdd(V.Broadcast(a1[k]), right, c1);
            c2 = V.MultiplyAdd(V.Broadcast(a2[k]), right, c2);
            c3 = V.MultiplyAdd(V.Broadcast(a3[k]), right, c3);
            b += ldb;
        }

        V.Store(c0, c);
        V.Store(c1, c + ldc);
        V.Store(c2, c + (2 * ldc));
        V.Store(c3, c + (3 * ldc));
    }

    private static void Multiply1x4<V>(float* a, float* b, nint ldb, float* c, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero;
        if (accumulate)
        {
            (c0, c1, c2, c3) = (V.Load(c), V.Load(c + V.Count), V.Load(c + (2 * V.Count)), V.Load(c + (3 * V.Count)));
        }

        for (nint k = 0; k < depth; k++)
        {
            V left = V.Broadcast(a[k]);
            c0 = V.MultiplyAdd(left, V.Load(b), c0);
            c1 = V.MultiplyAdd(left, V.Load(b + V.Count), c1);
            c2 = V.MultiplyAdd(left, V.Load(b + (2 * V.Count)), c2);
            c3 = V.MultiplyAdd(left, V.Load(b + (3 * V.Count)), c3);
            b += ldb;
        }

        V.Store(c0, c);
        V.Store(c1, c + V.Count);
        V.Store(c2, c + (2 * V.Count));
        V.Store(c3, c + (3 * V.Count));
    }

    private static void Multiply1x1<V>(float* a, float* b, nint ldb, float* c, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V sum = accumulate ? V.Load(c) : V.Zero;
        for (nint k = 0; k < depth; k++)
        {
            sum = V.MultiplyAdd(V.Broadcast(a[k]), V.Load(b), sum);
            b += ldb;
        }

        V.Store(sum, c);
    }

    // Not more sums than this: with eight of them the compiler no longer inlines all of the final additions and keeps the sums in memory.
    private static void Dot2x2<V>(float* queries, float* keys, nint keyStride, nint depth, float* scores, nint scoreStride)
        where V : struct, IVector<V>
    {
        V s00 = V.Zero, s01 = V.Zero, s10 = V.Zero, s11 = V.Zero;
        float* second = keys + keyStride;
        for (nint element = 0; element < depth; element += V.Count)
        {
            V key0 = V.Load(keys + element), key1 = V.Load(second + element);
            V query = V.Load(queries + element);
            s00 = V.MultiplyAdd(query, key0, s00);
            s01 = V.MultiplyAdd(query, key1, s01);
            query = V.Load(queries + depth + element);
            s10 = V.MultiplyAdd(query, key0, s10);
            s11 = V.MultiplyAdd(query, key1, s11);
        }

        scores[0] = V.ReduceAdd(s00);
        scores[1] = V.ReduceAdd(s01);
        scores[scoreStride] = V.ReduceAdd(s10);
        scores[scoreStride + 1] = V.ReduceAdd(s11);
    }

    private static void Dot1x4<V>(float* query, float* keys, nint keyStride, nint depth, float* scores)
        where V : struct, IVector<V>
    {
        V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero;
        float* key1 = keys + keyStride, key2 = key1 + keyStride, key3 = key2 + keyStride;
        for (nint element = 0; element < depth; element += V.Count)
        {
            V left = V.Load(query + element);
            s0 = V.MultiplyAdd(left, V.Load(keys + element), s0);
            s1 = V.MultiplyAdd(left, V.Load(key1 + element), s1);
            s2 = V.MultiplyAdd(left, V.Load(key2 + element), s2);
            s3 = V.MultiplyAdd(left, V.Load(key3 + element), s3);
        }

        scores[0] = V.ReduceAdd(s0);
        scores[1] = V.ReduceAdd(s1);
        scores[2] = V.ReduceAdd(s2);
        scores[3] = V.ReduceAdd(s3);
    }

    private static float Dot1x1<V>(float* query, float* key, nint depth)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        for (nint element = 0; element < depth; element += V.Count)
        {
            sum = V.MultiplyAdd(V.Load(query + element), V.Load(key + element), sum);
        }

        return V.ReduceAdd(sum);
    }
}
