using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// One row of A times a whole panel, for vectors narrower than half a panel: more sums at a time than <see cref="MatrixTile"/> has in one strip, which would
/// wait for each other's latency (4 cycles) before memory does, and every line of the panel read once.
/// </summary>
internal static unsafe class MatrixRow
{
    /// <summary>sums[1, 32] = (sums if <paramref name="accumulate"/>, else 0) + A · B.</summary>
    public static void Multiply<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate)
        where V : struct, IVector<V>
    {
        if (V.Count == 8)
        {
            FourVectors<V>(a, b, strideB, depth, sums, accumulate);
            return;
        }

        for (nint strip = 0; strip < MatrixMultiply.PanelColumns; strip += 8 * V.Count)
        {
            EightVectors<V>(a, b + strip, strideB, depth, sums + strip, accumulate);
        }
    }

    private static void FourVectors<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate)
        where V : struct, IVector<V>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        if (accumulate)
        {
            sum0 = V.Load(sums);
            sum1 = V.Load(sums + V.Count);
            sum2 = V.Load(sums + (2 * V.Count));
            sum3 = V.Load(sums + (3 * V.Count));
        }

        for (nint index = 0; index < depth; index++)
        {
            V x = V.Broadcast(a[index]);
            sum0 = V.MultiplyAdd(x, V.Load(b), sum0);
            sum1 = V.MultiplyAdd(x, V.Load(b + V.Count), sum1);
            sum2 = V.MultiplyAdd(x, V.Load(b + (2 * V.Count)), sum2);
            sum3 = V.MultiplyAdd(x, V.Load(b + (3 * V.Count)), sum3);
            b += strideB;
        }

        V.Store(sum0, sums);
        V.Store(sum1, sums + V.Count);
        V.Store(sum2, sums + (2 * V.Count));
        V.Store(sum3, sums + (3 * V.Count));
    }

    private static void EightVectors<V>(float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate)
        where V : struct, IVector<V>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero, sum4 = V.Zero, sum5 = V.Zero, sum6 = V.Zero, sum7 = V.Zero;
        if (accumulate)
        {
            sum0 = V.Load(sums);
            sum1 = V.Load(sums + V.Count);
            sum2 = V.Load(sums + (2 * V.Count));
            sum3 = V.Load(sums + (3 * V.Count));
            sum4 = V.Load(sums + (4 * V.Count));
            sum5 = V.Load(sums + (5 * V.Count));
            sum6 = V.Load(sums + (6 * V.Count));
            sum7 = V.Load(sums + (7 * V.Count));
        }

        for (nint index = 0; index < depth; index++)
        {
            V x = V.Broadcast(a[index]);
            sum0 = V.MultiplyAdd(x, V.Load(b), sum0);
            sum1 = V.MultiplyAdd(x, V.Load(b + V.Count), sum1);
            sum2 = V.MultiplyAdd(x, V.Load(b + (2 * V.Count)), sum2);
            sum3 = V.MultiplyAdd(x, V.Load(b + (3 * V.Count)), sum3);
            sum4 = V.MultiplyAdd(x, V.Load(b + (4 * V.Count)), sum4);
            sum5 = V.MultiplyAdd(x, V.Load(b + (5 * V.Count)), sum5);
            sum6 = V.MultiplyAdd(x, V.Load(b + (6 * V.Count)), sum6);
            sum7 = V.MultiplyAdd(x, V.Load(b + (7 * V.Count)), sum7);
            b += strideB;
        }

        V.Store(sum0, sums);
        V.Store(sum1, sums + V.Count);
        V.Store(sum2, sums + (2 * V.Count));
        V.Store(sum3, sums + (3 * V.Count));
        V.Store(sum4, sums + (4 * V.Count));
        V.Store(sum5, sums + (5 * V.Count));
        V.Store(sum6, sums + (6 * V.Count));
        V.Store(sum7, sums + (7 * V.Count));
    }
}
