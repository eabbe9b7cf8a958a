using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Products of up to twelve rows with a tile of keys or values, all sums in registers. Each sum is one chain of multiply-adds in the order of
/// the depth, so that its bits do not depend on which rows are computed together.
/// </summary>
internal static unsafe class AttentionTile
{
    /// <summary>Most rows of a product: with AVX-512, 12 · 2 sums, two vectors of b and an element of a fit the 32 registers; else 6 · 2 the usual 16.</summary>
    public const int MaximumRows = 12;

    /// <summary>Rows of a product are a multiple of this.</summary>
    public const int RowMultiple = 4;

    /// <summary>
    /// Floats from one row of the left operand to the next. A constant, so that rows are reached with a displacement instead of a register
    /// each; 17 cache lines, so that rows do not compete for the same lines of the first-level cache.
    /// </summary>
    public const int LeftStride = MaximumDepth + 16;

    /// <summary>Most elements of a row of the left operand.</summary>
    public const int MaximumDepth = 256;

    /// <summary>
    /// c[rows, columns] = a[rows, depth] · b[depth, columns], added to what c holds if <paramref name="accumulate"/>.
    /// </summary>
    /// <param name="a">Left operand, rows <see cref="LeftStride"/> apart.</param>
    /// <param name="b">Right operand.</param>
    /// <param name="ldb">From one row of b to the next.</param>
    /// <param name="c">Output.</param>
    /// <param name="ldc">From one row of c to the next.</param>
    /// <param name="rows">4, 8 or 12.</param>
    /// <param name="columns">A multiple of the vector's lanes.</param>
    /// <param name="depth">At most <see cref="MaximumDepth"/>.</param>
    /// <param name="accumulate">Whether c is added to.</param>
    public static void Multiply<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint rows, nint columns, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        nint column = 0;
        for (; column + (2 * V.Count) <= columns; column += 2 * V.Count)
        {
            MultiplyStrip<V>(a, b + column, ldb, c + column, ldc, rows, depth, accumulate);
        }

        if (column < columns && V.Count == Vector512Float.Count && rows == 12)
        {
            TwelveRowsOfOne<V>(a, b + column, ldb, c + column, ldc, depth, accumulate);
        }
        else if (column < columns)
        {
            for (nint row = 0; row < rows; row += 4)
            {
                FourRowsOfOne<V>(a + (row * LeftStride), b + column, ldb, c + (row * ldc) + column, ldc, depth, accumulate);
            }
        }
    }

    /// <summary>
    /// Writes keys [count, depth] turned around, in panels [depth][2 vectors] one after the other; columns past the keys become 0.
    /// </summary>
    public static void PackKeys<V>(float* keys, nint keyStride, nint count, nint depth, float* target)
        where V : struct, IVector<V>
    {
        nint width = 2 * V.Count;
        for (nint key = 0; key < count; key += width)
        {
            PackPanel(keys + (key * keyStride), keyStride, Math.Min(width, count - key), width, depth, target);
            target += width * depth;
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

    private static void PackPanel(float* keys, nint keyStride, nint count, nint width, nint depth, float* target)
    {
        nint key = 0;
        for (; key + 4 <= count; key += 4)
        {
            PackFourKeys(keys + (key * keyStride), keyStride, width, depth, target + key);
        }

        for (; key < width; key++)
        {
            float* source = keys + (key * keyStride);
            float* column = target + key;
            for (nint element = 0; element < depth; element++)
            {
                *column = key < count ? source[element] : 0;
                column += width;
            }
        }
    }

    private static void PackFourKeys(float* keys, nint keyStride, nint width, nint depth, float* target)
    {
        float* key1 = keys + keyStride, key2 = key1 + keyStride, key3 = key2 + keyStride;
        nint element = 0;
        if (Transposition.IsSupported)
        {
            for (; element + 4 <= depth; element += 4)
            {
                Transposition.FourByFour(keys + element, key1 + element, key2 + element, key3 + element, target, width);
                target += 4 * width;
            }
        }

        for (; element < depth; element++)
        {
            target[0] = keys[element];
            target[1] = key1[element];
            target[2] = key2[element];
            target[3] = key3[element];
            target += width;
        }
    }

    private static void MultiplyStrip<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint rows, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        if (V.Count == Vector512Float.Count && rows == 12)
        {
            TwelveRows<V>(a, b, ldb, c, ldc, depth, accumulate);
        }
        else if (V.Count == Vector512Float.Count && rows == 8)
        {
            EightRows<V>(a, b, ldb, c, ldc, depth, accumulate);
        }
        else if (rows == 12)
        {
            SixRows<V>(a, b, ldb, c, ldc, depth, accumulate);
            SixRows<V>(a + (6 * LeftStride), b, ldb, c + (6 * ldc), ldc, depth, accumulate);
        }
        else
        {
            for (nint row = 0; row < rows; row += 4)
            {
                FourRows<V>(a + (row * LeftStride), b, ldb, c + (row * ldc), ldc, depth, accumulate);
            }
        }
    }

    private static void TwelveRows<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        V left6 = V.Zero, right6 = V.Zero;
        V left7 = V.Zero, right7 = V.Zero;
        V left8 = V.Zero, right8 = V.Zero;
        V left9 = V.Zero, right9 = V.Zero;
        V left10 = V.Zero, right10 = V.Zero;
        V left11 = V.Zero, right11 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(c);
            right0 = V.Load(c + V.Count);
            left1 = V.Load(c + ldc);
            right1 = V.Load(c + ldc + V.Count);
            left2 = V.Load(c + (2 * ldc));
            right2 = V.Load(c + (2 * ldc) + V.Count);
            left3 = V.Load(c + (3 * ldc));
            right3 = V.Load(c + (3 * ldc) + V.Count);
            left4 = V.Load(c + (4 * ldc));
            right4 = V.Load(c + (4 * ldc) + V.Count);
            left5 = V.Load(c + (5 * ldc));
            right5 = V.Load(c + (5 * ldc) + V.Count);
            left6 = V.Load(c + (6 * ldc));
            right6 = V.Load(c + (6 * ldc) + V.Count);
            left7 = V.Load(c + (7 * ldc));
            right7 = V.Load(c + (7 * ldc) + V.Count);
            left8 = V.Load(c + (8 * ldc));
            right8 = V.Load(c + (8 * ldc) + V.Count);
            left9 = V.Load(c + (9 * ldc));
            right9 = V.Load(c + (9 * ldc) + V.Count);
            left10 = V.Load(c + (10 * ldc));
            right10 = V.Load(c + (10 * ldc) + V.Count);
            left11 = V.Load(c + (11 * ldc));
            right11 = V.Load(c + (11 * ldc) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            V leftB = V.Load(b), rightB = V.Load(b + V.Count);
            V x = V.Broadcast(*a);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[LeftStride]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2 * LeftStride]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3 * LeftStride]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4 * LeftStride]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5 * LeftStride]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            x = V.Broadcast(a[6 * LeftStride]);
            left6 = V.MultiplyAdd(x, leftB, left6);
            right6 = V.MultiplyAdd(x, rightB, right6);
            x = V.Broadcast(a[7 * LeftStride]);
            left7 = V.MultiplyAdd(x, leftB, left7);
            right7 = V.MultiplyAdd(x, rightB, right7);
            x = V.Broadcast(a[8 * LeftStride]);
            left8 = V.MultiplyAdd(x, leftB, left8);
            right8 = V.MultiplyAdd(x, rightB, right8);
            x = V.Broadcast(a[9 * LeftStride]);
            left9 = V.MultiplyAdd(x, leftB, left9);
            right9 = V.MultiplyAdd(x, rightB, right9);
            x = V.Broadcast(a[10 * LeftStride]);
            left10 = V.MultiplyAdd(x, leftB, left10);
            right10 = V.MultiplyAdd(x, rightB, right10);
            x = V.Broadcast(a[11 * LeftStride]);
            left11 = V.MultiplyAdd(x, leftB, left11);
            right11 = V.MultiplyAdd(x, rightB, right11);
            a++;
            b += ldb;
        }

        V.Store(left0, c);
        V.Store(right0, c + V.Count);
        V.Store(left1, c + ldc);
        V.Store(right1, c + ldc + V.Count);
        V.Store(left2, c + (2 * ldc));
        V.Store(right2, c + (2 * ldc) + V.Count);
        V.Store(left3, c + (3 * ldc));
        V.Store(right3, c + (3 * ldc) + V.Count);
        V.Store(left4, c + (4 * ldc));
        V.Store(right4, c + (4 * ldc) + V.Count);
        V.Store(left5, c + (5 * ldc));
        V.Store(right5, c + (5 * ldc) + V.Count);
        V.Store(left6, c + (6 * ldc));
        V.Store(right6, c + (6 * ldc) + V.Count);
        V.Store(left7, c + (7 * ldc));
        V.Store(right7, c + (7 * ldc) + V.Count);
        V.Store(left8, c + (8 * ldc));
        V.Store(right8, c + (8 * ldc) + V.Count);
        V.Store(left9, c + (9 * ldc));
        V.Store(right9, c + (9 * ldc) + V.Count);
        V.Store(left10, c + (10 * ldc));
        V.Store(right10, c + (10 * ldc) + V.Count);
        V.Store(left11, c + (11 * ldc));
        V.Store(right11, c + (11 * ldc) + V.Count);
    }

    private static void EightRows<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        V left6 = V.Zero, right6 = V.Zero;
        V left7 = V.Zero, right7 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(c);
            right0 = V.Load(c + V.Count);
            left1 = V.Load(c + ldc);
            right1 = V.Load(c + ldc + V.Count);
            left2 = V.Load(c + (2 * ldc));
            right2 = V.Load(c + (2 * ldc) + V.Count);
            left3 = V.Load(c + (3 * ldc));
            right3 = V.Load(c + (3 * ldc) + V.Count);
            left4 = V.Load(c + (4 * ldc));
            right4 = V.Load(c + (4 * ldc) + V.Count);
            left5 = V.Load(c + (5 * ldc));
            right5 = V.Load(c + (5 * ldc) + V.Count);
            left6 = V.Load(c + (6 * ldc));
            right6 = V.Load(c + (6 * ldc) + V.Count);
            left7 = V.Load(c + (7 * ldc));
            right7 = V.Load(c + (7 * ldc) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            V leftB = V.Load(b), rightB = V.Load(b + V.Count);
            V x = V.Broadcast(*a);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[LeftStride]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2 * LeftStride]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3 * LeftStride]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4 * LeftStride]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5 * LeftStride]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            x = V.Broadcast(a[6 * LeftStride]);
            left6 = V.MultiplyAdd(x, leftB, left6);
            right6 = V.MultiplyAdd(x, rightB, right6);
            x = V.Broadcast(a[7 * LeftStride]);
            left7 = V.MultiplyAdd(x, leftB, left7);
            right7 = V.MultiplyAdd(x, rightB, right7);
            a++;
            b += ldb;
        }

        V.Store(left0, c);
        V.Store(right0, c + V.Count);
        V.Store(left1, c + ldc);
        V.Store(right1, c + ldc + V.Count);
        V.Store(left2, c + (2 * ldc));
        V.Store(right2, c + (2 * ldc) + V.Count);
        V.Store(left3, c + (3 * ldc));
        V.Store(right3, c + (3 * ldc) + V.Count);
        V.Store(left4, c + (4 * ldc));
        V.Store(right4, c + (4 * ldc) + V.Count);
        V.Store(left5, c + (5 * ldc));
        V.Store(right5, c + (5 * ldc) + V.Count);
        V.Store(left6, c + (6 * ldc));
        V.Store(right6, c + (6 * ldc) + V.Count);
        V.Store(left7, c + (7 * ldc));
        V.Store(right7, c + (7 * ldc) + V.Count);
    }

    private static void SixRows<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        V left4 = V.Zero, right4 = V.Zero;
        V left5 = V.Zero, right5 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(c);
            right0 = V.Load(c + V.Count);
            left1 = V.Load(c + ldc);
            right1 = V.Load(c + ldc + V.Count);
            left2 = V.Load(c + (2 * ldc));
            right2 = V.Load(c + (2 * ldc) + V.Count);
            left3 = V.Load(c + (3 * ldc));
            right3 = V.Load(c + (3 * ldc) + V.Count);
            left4 = V.Load(c + (4 * ldc));
            right4 = V.Load(c + (4 * ldc) + V.Count);
            left5 = V.Load(c + (5 * ldc));
            right5 = V.Load(c + (5 * ldc) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            V leftB = V.Load(b), rightB = V.Load(b + V.Count);
            V x = V.Broadcast(*a);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[LeftStride]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2 * LeftStride]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3 * LeftStride]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4 * LeftStride]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5 * LeftStride]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            a++;
            b += ldb;
        }

        V.Store(left0, c);
        V.Store(right0, c + V.Count);
        V.Store(left1, c + ldc);
        V.Store(right1, c + ldc + V.Count);
        V.Store(left2, c + (2 * ldc));
        V.Store(right2, c + (2 * ldc) + V.Count);
        V.Store(left3, c + (3 * ldc));
        V.Store(right3, c + (3 * ldc) + V.Count);
        V.Store(left4, c + (4 * ldc));
        V.Store(right4, c + (4 * ldc) + V.Count);
        V.Store(left5, c + (5 * ldc));
        V.Store(right5, c + (5 * ldc) + V.Count);
    }

    private static void FourRows<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(c);
            right0 = V.Load(c + V.Count);
            left1 = V.Load(c + ldc);
            right1 = V.Load(c + ldc + V.Count);
            left2 = V.Load(c + (2 * ldc));
            right2 = V.Load(c + (2 * ldc) + V.Count);
            left3 = V.Load(c + (3 * ldc));
            right3 = V.Load(c + (3 * ldc) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            V leftB = V.Load(b), rightB = V.Load(b + V.Count);
            V x = V.Broadcast(*a);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[LeftStride]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2 * LeftStride]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3 * LeftStride]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            a++;
            b += ldb;
        }

        V.Store(left0, c);
        V.Store(right0, c + V.Count);
        V.Store(left1, c + ldc);
        V.Store(right1, c + ldc + V.Count);
        V.Store(left2, c + (2 * ldc));
        V.Store(right2, c + (2 * ldc) + V.Count);
        V.Store(left3, c + (3 * ldc));
        V.Store(right3, c + (3 * ldc) + V.Count);
    }

    private static void TwelveRowsOfOne<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        V sum4 = V.Zero, sum5 = V.Zero, sum6 = V.Zero, sum7 = V.Zero;
        V sum8 = V.Zero, sum9 = V.Zero, sum10 = V.Zero, sum11 = V.Zero;
        if (accumulate)
        {
            sum0 = V.Load(c);
            sum1 = V.Load(c + ldc);
            sum2 = V.Load(c + (2 * ldc));
            sum3 = V.Load(c + (3 * ldc));
            sum4 = V.Load(c + (4 * ldc));
            sum5 = V.Load(c + (5 * ldc));
            sum6 = V.Load(c + (6 * ldc));
            sum7 = V.Load(c + (7 * ldc));
            sum8 = V.Load(c + (8 * ldc));
            sum9 = V.Load(c + (9 * ldc));
            sum10 = V.Load(c + (10 * ldc));
            sum11 = V.Load(c + (11 * ldc));
        }

        for (; depth > 0; depth--)
        {
            V right = V.Load(b);
            sum0 = V.MultiplyAdd(V.Broadcast(*a), right, sum0);
            sum1 = V.MultiplyAdd(V.Broadcast(a[LeftStride]), right, sum1);
            sum2 = V.MultiplyAdd(V.Broadcast(a[2 * LeftStride]), right, sum2);
            sum3 = V.MultiplyAdd(V.Broadcast(a[3 * LeftStride]), right, sum3);
            sum4 = V.MultiplyAdd(V.Broadcast(a[4 * LeftStride]), right, sum4);
            sum5 = V.MultiplyAdd(V.Broadcast(a[5 * LeftStride]), right, sum5);
            sum6 = V.MultiplyAdd(V.Broadcast(a[6 * LeftStride]), right, sum6);
            sum7 = V.MultiplyAdd(V.Broadcast(a[7 * LeftStride]), right, sum7);
            sum8 = V.MultiplyAdd(V.Broadcast(a[8 * LeftStride]), right, sum8);
            sum9 = V.MultiplyAdd(V.Broadcast(a[9 * LeftStride]), right, sum9);
            sum10 = V.MultiplyAdd(V.Broadcast(a[10 * LeftStride]), right, sum10);
            sum11 = V.MultiplyAdd(V.Broadcast(a[11 * LeftStride]), right, sum11);
            a++;
            b += ldb;
        }

        V.Store(sum0, c);
        V.Store(sum1, c + ldc);
        V.Store(sum2, c + (2 * ldc));
        V.Store(sum3, c + (3 * ldc));
        V.Store(sum4, c + (4 * ldc));
        V.Store(sum5, c + (5 * ldc));
        V.Store(sum6, c + (6 * ldc));
        V.Store(sum7, c + (7 * ldc));
        V.Store(sum8, c + (8 * ldc));
        V.Store(sum9, c + (9 * ldc));
        V.Store(sum10, c + (10 * ldc));
        V.Store(sum11, c + (11 * ldc));
    }

    private static void FourRowsOfOne<V>(float* a, float* b, nint ldb, float* c, nint ldc, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        if (accumulate)
        {
            sum0 = V.Load(c);
            sum1 = V.Load(c + ldc);
            sum2 = V.Load(c + (2 * ldc));
            sum3 = V.Load(c + (3 * ldc));
        }

        for (; depth > 0; depth--)
        {
            V right = V.Load(b);
            sum0 = V.MultiplyAdd(V.Broadcast(*a), right, sum0);
            sum1 = V.MultiplyAdd(V.Broadcast(a[LeftStride]), right, sum1);
            sum2 = V.MultiplyAdd(V.Broadcast(a[2 * LeftStride]), right, sum2);
            sum3 = V.MultiplyAdd(V.Broadcast(a[3 * LeftStride]), right, sum3);
            a++;
            b += ldb;
        }

        V.Store(sum0, c);
        V.Store(sum1, c + ldc);
        V.Store(sum2, c + (2 * ldc));
        V.Store(sum3, c + (3 * ldc));
    }
}
