using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A tile of integer rows times a strip, two vectors wide, of a panel of words of four signed bytes: exact sums in int32.</summary>
internal static unsafe class IntegerTile
{
    /// <summary>
    /// Rows of the largest tile: sums of rows × 2 vectors, four vectors of widened weights and two elements must fit the registers (8 · 2 + 6 = 22 of 32, 4 · 2 + 6 = 14 of 16).
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 8 : 4;

    /// <summary>Rows of the tile to use when this many rows are left.</summary>
    public static int RowsFor<V>(nint left)
        where V : struct, IVector<V> => left >= 8 && LargestRows<V>() == 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;

    /// <summary>sums[rows, 2 vectors] = rows · words.</summary>
    /// <param name="rows">8 (only with vectors of 16 lanes), 4, 2 or 1.</param>
    /// <param name="left">[groups][rows][<see cref="IWordProduct.LeftInts"/>].</param>
    /// <param name="leftStride">Int32s from one group of the rows to the next.</param>
    /// <param name="words">First word of the strip.</param>
    /// <param name="wordStride">Words from one row of words to the next.</param>
    /// <param name="groups">Rows of words.</param>
    /// <param name="sums">Sums.</param>
    /// <param name="sumStride">Sums from one row to the next.</param>
    public static void Multiply<V, TProduct>(int rows, int* left, nint leftStride, uint* words, nint wordStride, nint groups, int* sums, nint sumStride)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        switch (rows)
        {
            case 8:
                EightRows<V, TProduct>(left, leftStride, words, wordStride, groups, (float*)sums, sumStride);
                break;
            case 4:
                FourRows<V, TProduct>(left, leftStride, words, wordStride, groups, (float*)sums, sumStride);
                break;
            case 2:
                TwoRows<V, TProduct>(left, leftStride, words, wordStride, groups, (float*)sums, sumStride);
                break;
            default:
                OneRow<V, TProduct>(left, leftStride, words, wordStride, groups, (float*)sums, sumStride);
                break;
        }
    }

    private static void EightRows<V, TProduct>(int* left, nint leftStride, uint* words, nint wordStride, nint groups, float* sums, nint sumStride)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
        V e0 = V.Zero, e1 = V.Zero, f0 = V.Zero, f1 = V.Zero, g0 = V.Zero, g1 = V.Zero, h0 = V.Zero, h1 = V.Zero;
        for (; groups > 0; groups--)
        {
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V first0 = TProduct.First(words0), second0 = TProduct.Second(words0), first1 = TProduct.First(words1), second1 = TProduct.Second(words1);
            Add<V, TProduct>(first0, second0, first1, second1, left, ref a0, ref a1);
            Add<V, TProduct>(first0, second0, first1, second1, left + TProduct.LeftInts, ref b0, ref b1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (2 * TProduct.LeftInts), ref c0, ref c1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (3 * TProduct.LeftInts), ref d0, ref d1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (4 * TProduct.LeftInts), ref e0, ref e1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (5 * TProduct.LeftInts), ref f0, ref f1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (6 * TProduct.LeftInts), ref g0, ref g1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (7 * TProduct.LeftInts), ref h0, ref h1);
            left += leftStride;
            words += wordStride;
        }

        Store(a0, a1, sums);
        Store(b0, b1, sums + sumStride);
        Store(c0, c1, sums + (2 * sumStride));
        Store(d0, d1, sums + (3 * sumStride));
        Store(e0, e1, sums + (4 * sumStride));
        Store(f0, f1, sums + (5 * sumStride));
        Store(g0, g1, sums + (6 * sumStride));
        Store(h0, h1, sums + (7 * sumStride));
    }

    private static void FourRows<V, TProduct>(int* left, nint leftStride, uint* words, nint wordStride, nint groups, float* sums, nint sumStride)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero, c0 = V.Zero, c1 = V.Zero, d0 = V.Zero, d1 = V.Zero;
        for (; groups > 0; groups--)
        {
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V first0 = TProduct.First(words0), second0 = TProduct.Second(words0), first1 = TProduct.First(words1), second1 = TProduct.Second(words1);
            Add<V, TProduct>(first0, second0, first1, second1, left, ref a0, ref a1);
            Add<V, TProduct>(first0, second0, first1, second1, left + TProduct.LeftInts, ref b0, ref b1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (2 * TProduct.LeftInts), ref c0, ref c1);
            Add<V, TProduct>(first0, second0, first1, second1, left + (3 * TProduct.LeftInts), ref d0, ref d1);
            left += leftStride;
            words += wordStride;
        }

        Store(a0, a1, sums);
        Store(b0, b1, sums + sumStride);
        Store(c0, c1, sums + (2 * sumStride));
        Store(d0, d1, sums + (3 * sumStride));
    }

    private static void TwoRows<V, TProduct>(int* left, nint leftStride, uint* words, nint wordStride, nint groups, float* sums, nint sumStride)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        V a0 = V.Zero, a1 = V.Zero, b0 = V.Zero, b1 = V.Zero;
        for (; groups > 0; groups--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            V first0 = TProduct.First(words0), second0 = TProduct.Second(words0), first1 = TProduct.First(words1), second1 = TProduct.Second(words1);
            Add<V, TProduct>(first0, second0, first1, second1, left, ref a0, ref a1);
            Add<V, TProduct>(first0, second0, first1, second1, left + TProduct.LeftInts, ref b0, ref b1);
            left += leftStride;
            words += wordStride;
        }

        Store(a0, a1, sums);
        Store(b0, b1, sums + sumStride);
    }

    private static void OneRow<V, TProduct>(int* left, nint leftStride, uint* words, nint wordStride, nint groups, float* sums, nint sumStride)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        V a0 = V.Zero, a1 = V.Zero;
        for (; groups > 0; groups--)
        {
            WordStream.Fetch(words);
            V words0 = V.Load((float*)words), words1 = V.Load((float*)words + V.Count);
            Add<V, TProduct>(TProduct.First(words0), TProduct.Second(words0), TProduct.First(words1), TProduct.Second(words1), left, ref a0, ref a1);
            left += leftStride;
            words += wordStride;
        }

        Store(a0, a1, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<V, TProduct>(V first0, V second0, V first1, V second1, int* left, ref V sum0, ref V sum1)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        V left0 = V.BroadcastBits(left[0]);
        V left1 = TProduct.LeftInts > 1 ? V.BroadcastBits(left[1]) : left0;
        sum0 = TProduct.Add(sum0, first0, second0, left0, left1);
        sum1 = TProduct.Add(sum1, first1, second1, left0, left1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(V sum0, V sum1, float* sums)
        where V : struct, IVector<V>
    {
        V.Store(sum0, sums);
        V.Store(sum1, sums + V.Count);
    }
}
