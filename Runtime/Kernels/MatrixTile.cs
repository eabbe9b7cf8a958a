using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// The innermost matrix product: some rows of A times a strip of B that is two vectors wide, all sums in registers.
/// Each sum is one chain of multiply-adds in the order of the depth, so that its bits do not depend on the tile it falls into.
/// </summary>
internal static unsafe class MatrixTile
{
    /// <summary>Floats from one row of sums to the next: the width of a panel, of which a tile writes one strip.</summary>
    public const int SumStride = MatrixMultiply.PanelColumns;

    /// <summary>Most rows of any tile.</summary>
    public const int MaximumRows = 12;

    /// <summary>
    /// Rows of the largest tile: sums of rows × 2 vectors, two vectors of B and one element of A must fit the registers,
    /// 32 of them with AVX-512 and else 16 (12 · 2 + 3 = 27, 6 · 2 + 3 = 15).
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 12 : 6;

    /// <summary>Rows of the tile to use when this many rows are left; a tile with more rows than are left computes padding.</summary>
    public static int RowsFor<V>(nint left)
        where V : struct, IVector<V>
    {
        int largest = LargestRows<V>();
        return left >= largest ? largest
            : left > 8 ? 12
            : left > 6 ? 8
            : left > 4 ? 6
            : left > 2 ? 4
            : (int)left;
    }

    /// <summary>sums[rows, 2 vectors] = (sums if <paramref name="accumulate"/>, else 0) + A · B.</summary>
    /// <param name="rows">Rows of the tile, from <see cref="RowsFor"/>.</param>
    /// <param name="a">A as [depth][rows].</param>
    /// <param name="b">First element of the strip of B.</param>
    /// <param name="strideB">Floats from one row of B to the next.</param>
    /// <param name="depth">Number of products in each sum.</param>
    /// <param name="sums">Sums, rows <see cref="SumStride"/> apart.</param>
    /// <param name="accumulate">Whether to start from the sums that are there.</param>
    /// <param name="next">Memory to fetch into the second-level cache meanwhile: what will be read after this tile.</param>
    /// <param name="nextStep">Bytes to go on in it with each step of the depth, at most 128; 0 fetches nothing new.</param>
    public static void Multiply<V>(int rows, float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        switch (rows)
        {
            case 12:
                TwelveRows<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
            case 8:
                EightRows<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
            case 6:
                SixRows<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
            case 4:
                FourRows<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
            case 2:
                TwoRows<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
            default:
                OneRow<V>(a, b, strideB, depth, sums, accumulate, next, nextStep);
                break;
        }
    }

    private static void TwelveRows<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
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
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            left1 = V.Load(sums + SumStride);
            right1 = V.Load(sums + SumStride + V.Count);
            left2 = V.Load(sums + (2 * SumStride));
            right2 = V.Load(sums + (2 * SumStride) + V.Count);
            left3 = V.Load(sums + (3 * SumStride));
            right3 = V.Load(sums + (3 * SumStride) + V.Count);
            left4 = V.Load(sums + (4 * SumStride));
            right4 = V.Load(sums + (4 * SumStride) + V.Count);
            left5 = V.Load(sums + (5 * SumStride));
            right5 = V.Load(sums + (5 * SumStride) + V.Count);
            left6 = V.Load(sums + (6 * SumStride));
            right6 = V.Load(sums + (6 * SumStride) + V.Count);
            left7 = V.Load(sums + (7 * SumStride));
            right7 = V.Load(sums + (7 * SumStride) + V.Count);
            left8 = V.Load(sums + (8 * SumStride));
            right8 = V.Load(sums + (8 * SumStride) + V.Count);
            left9 = V.Load(sums + (9 * SumStride));
            right9 = V.Load(sums + (9 * SumStride) + V.Count);
            left10 = V.Load(sums + (10 * SumStride));
            right10 = V.Load(sums + (10 * SumStride) + V.Count);
            left11 = V.Load(sums + (11 * SumStride));
            right11 = V.Load(sums + (11 * SumStride) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[1]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            x = V.Broadcast(a[6]);
            left6 = V.MultiplyAdd(x, leftB, left6);
            right6 = V.MultiplyAdd(x, rightB, right6);
            x = V.Broadcast(a[7]);
            left7 = V.MultiplyAdd(x, leftB, left7);
            right7 = V.MultiplyAdd(x, rightB, right7);
            x = V.Broadcast(a[8]);
            left8 = V.MultiplyAdd(x, leftB, left8);
            right8 = V.MultiplyAdd(x, rightB, right8);
            x = V.Broadcast(a[9]);
            left9 = V.MultiplyAdd(x, leftB, left9);
            right9 = V.MultiplyAdd(x, rightB, right9);
            x = V.Broadcast(a[10]);
            left10 = V.MultiplyAdd(x, leftB, left10);
            right10 = V.MultiplyAdd(x, rightB, right10);
            x = V.Broadcast(a[11]);
            left11 = V.MultiplyAdd(x, leftB, left11);
            right11 = V.MultiplyAdd(x, rightB, right11);
            a += 12;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        V.Store(left1, sums + SumStride);
        V.Store(right1, sums + SumStride + V.Count);
        V.Store(left2, sums + (2 * SumStride));
        V.Store(right2, sums + (2 * SumStride) + V.Count);
        V.Store(left3, sums + (3 * SumStride));
        V.Store(right3, sums + (3 * SumStride) + V.Count);
        V.Store(left4, sums + (4 * SumStride));
        V.Store(right4, sums + (4 * SumStride) + V.Count);
        V.Store(left5, sums + (5 * SumStride));
        V.Store(right5, sums + (5 * SumStride) + V.Count);
        V.Store(left6, sums + (6 * SumStride));
        V.Store(right6, sums + (6 * SumStride) + V.Count);
        V.Store(left7, sums + (7 * SumStride));
        V.Store(right7, sums + (7 * SumStride) + V.Count);
        V.Store(left8, sums + (8 * SumStride));
        V.Store(right8, sums + (8 * SumStride) + V.Count);
        V.Store(left9, sums + (9 * SumStride));
        V.Store(right9, sums + (9 * SumStride) + V.Count);
        V.Store(left10, sums + (10 * SumStride));
        V.Store(right10, sums + (10 * SumStride) + V.Count);
        V.Store(left11, sums + (11 * SumStride));
        V.Store(right11, sums + (11 * SumStride) + V.Count);
    }

    private static void EightRows<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
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
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            left1 = V.Load(sums + SumStride);
            right1 = V.Load(sums + SumStride + V.Count);
            left2 = V.Load(sums + (2 * SumStride));
            right2 = V.Load(sums + (2 * SumStride) + V.Count);
            left3 = V.Load(sums + (3 * SumStride));
            right3 = V.Load(sums + (3 * SumStride) + V.Count);
            left4 = V.Load(sums + (4 * SumStride));
            right4 = V.Load(sums + (4 * SumStride) + V.Count);
            left5 = V.Load(sums + (5 * SumStride));
            right5 = V.Load(sums + (5 * SumStride) + V.Count);
            left6 = V.Load(sums + (6 * SumStride));
            right6 = V.Load(sums + (6 * SumStride) + V.Count);
            left7 = V.Load(sums + (7 * SumStride));
            right7 = V.Load(sums + (7 * SumStride) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[1]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            x = V.Broadcast(a[6]);
            left6 = V.MultiplyAdd(x, leftB, left6);
            right6 = V.MultiplyAdd(x, rightB, right6);
            x = V.Broadcast(a[7]);
            left7 = V.MultiplyAdd(x, leftB, left7);
            right7 = V.MultiplyAdd(x, rightB, right7);
            a += 8;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        V.Store(left1, sums + SumStride);
        V.Store(right1, sums + SumStride + V.Count);
        V.Store(left2, sums + (2 * SumStride));
        V.Store(right2, sums + (2 * SumStride) + V.Count);
        V.Store(left3, sums + (3 * SumStride));
        V.Store(right3, sums + (3 * SumStride) + V.Count);
        V.Store(left4, sums + (4 * SumStride));
        V.Store(right4, sums + (4 * SumStride) + V.Count);
        V.Store(left5, sums + (5 * SumStride));
        V.Store(right5, sums + (5 * SumStride) + V.Count);
        V.Store(left6, sums + (6 * SumStride));
        V.Store(right6, sums + (6 * SumStride) + V.Count);
        V.Store(left7, sums + (7 * SumStride));
        V.Store(right7, sums + (7 * SumStride) + V.Count);
    }

    private static void SixRows<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
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
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            left1 = V.Load(sums + SumStride);
            right1 = V.Load(sums + SumStride + V.Count);
            left2 = V.Load(sums + (2 * SumStride));
            right2 = V.Load(sums + (2 * SumStride) + V.Count);
            left3 = V.Load(sums + (3 * SumStride));
            right3 = V.Load(sums + (3 * SumStride) + V.Count);
            left4 = V.Load(sums + (4 * SumStride));
            right4 = V.Load(sums + (4 * SumStride) + V.Count);
            left5 = V.Load(sums + (5 * SumStride));
            right5 = V.Load(sums + (5 * SumStride) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[1]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            x = V.Broadcast(a[4]);
            left4 = V.MultiplyAdd(x, leftB, left4);
            right4 = V.MultiplyAdd(x, rightB, right4);
            x = V.Broadcast(a[5]);
            left5 = V.MultiplyAdd(x, leftB, left5);
            right5 = V.MultiplyAdd(x, rightB, right5);
            a += 6;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        V.Store(left1, sums + SumStride);
        V.Store(right1, sums + SumStride + V.Count);
        V.Store(left2, sums + (2 * SumStride));
        V.Store(right2, sums + (2 * SumStride) + V.Count);
        V.Store(left3, sums + (3 * SumStride));
        V.Store(right3, sums + (3 * SumStride) + V.Count);
        V.Store(left4, sums + (4 * SumStride));
        V.Store(right4, sums + (4 * SumStride) + V.Count);
        V.Store(left5, sums + (5 * SumStride));
        V.Store(right5, sums + (5 * SumStride) + V.Count);
    }

    private static void FourRows<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        V left2 = V.Zero, right2 = V.Zero;
        V left3 = V.Zero, right3 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            left1 = V.Load(sums + SumStride);
            right1 = V.Load(sums + SumStride + V.Count);
            left2 = V.Load(sums + (2 * SumStride));
            right2 = V.Load(sums + (2 * SumStride) + V.Count);
            left3 = V.Load(sums + (3 * SumStride));
            right3 = V.Load(sums + (3 * SumStride) + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[1]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            x = V.Broadcast(a[2]);
            left2 = V.MultiplyAdd(x, leftB, left2);
            right2 = V.MultiplyAdd(x, rightB, right2);
            x = V.Broadcast(a[3]);
            left3 = V.MultiplyAdd(x, leftB, left3);
            right3 = V.MultiplyAdd(x, rightB, right3);
            a += 4;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        V.Store(left1, sums + SumStride);
        V.Store(right1, sums + SumStride + V.Count);
        V.Store(left2, sums + (2 * SumStride));
        V.Store(right2, sums + (2 * SumStride) + V.Count);
        V.Store(left3, sums + (3 * SumStride));
        V.Store(right3, sums + (3 * SumStride) + V.Count);
    }

    private static void TwoRows<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        V left1 = V.Zero, right1 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
            left1 = V.Load(sums + SumStride);
            right1 = V.Load(sums + SumStride + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            x = V.Broadcast(a[1]);
            left1 = V.MultiplyAdd(x, leftB, left1);
            right1 = V.MultiplyAdd(x, rightB, right1);
            a += 2;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
        V.Store(left1, sums + SumStride);
        V.Store(right1, sums + SumStride + V.Count);
    }

    private static void OneRow<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V left0 = V.Zero, right0 = V.Zero;
        if (accumulate)
        {
            left0 = V.Load(sums);
            right0 = V.Load(sums + V.Count);
        }

        for (; depth > 0; depth--)
        {
            Prefetch.ToSecondLevel(next);
            Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
            next += nextStep;
            V leftB = V.Load(b);
            V rightB = V.Load(b + V.Count);
            V x = V.Broadcast(a[0]);
            left0 = V.MultiplyAdd(x, leftB, left0);
            right0 = V.MultiplyAdd(x, rightB, right0);
            a++;
            b += strideB;
        }

        V.Store(left0, sums);
        V.Store(right0, sums + V.Count);
    }
}
