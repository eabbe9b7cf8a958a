using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// The transforms of Winograd's F(4×4, 3×3) with the points 0, ±1, ±2 and ∞ (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015): 36 products
/// give the 16 results that take 144 directly.
/// </summary>
internal static unsafe class WinogradTransform
{
    /// <summary>Results of a tile along an axis.</summary>
    public const int Outputs = 4;

    /// <summary>Input elements of a tile along an axis.</summary>
    public const int Inputs = 6;

    /// <summary>Products of a tile.</summary>
    public const int Points = Inputs * Inputs;

    private const int Block = ChannelBlocks.Channels;

    /// <summary>Transforms one filter: G g Gᵀ.</summary>
    /// <param name="filter">3×3 weights.</param>
    /// <param name="transformed">Receives 36 values.</param>
    public static void Filter(float* filter, double* transformed)
    {
        double* columns = stackalloc double[Inputs * 3];
        for (int column = 0; column < 3; column++)
        {
            Filter(filter[column], filter[3 + column], filter[6 + column], columns + column, 3);
        }

        for (int row = 0; row < Inputs; row++)
        {
            Filter(columns[row * 3], columns[(row * 3) + 1], columns[(row * 3) + 2], transformed + (row * Inputs), 1);
        }
    }

    /// <summary>Transforms the 6×6 input elements of one tile, a vector of channels: Bᵀ d B.</summary>
    /// <param name="tile">First element, [row][column][16].</param>
    /// <param name="pitch">Floats from one row to the next.</param>
    /// <param name="columns">Room for 36 vectors.</param>
    /// <param name="transformed">Receives a vector for each point.</param>
    /// <param name="step">Floats from one point to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<V>(float* tile, nint pitch, float* columns, float* transformed, nint step)
        where V : struct, IVector<V>
    {
        for (nint column = 0; column < Inputs; column++)
        {
            Input<V>(tile + (column * Block), pitch, columns + (column * V.Count), Inputs * V.Count);
        }

        for (nint row = 0; row < Inputs; row++)
        {
            Input<V>(columns + (row * Inputs * V.Count), V.Count, transformed, step);
            transformed += Inputs * step;
        }
    }

    /// <summary>Transforms the products of one tile, a vector of channels, to 4×4 results: Aᵀ m A.</summary>
    /// <param name="products">First point.</param>
    /// <param name="step">Floats from one point to the next.</param>
    /// <param name="columns">Room for 24 vectors.</param>
    /// <param name="results">Receives [row][column][16].</param>
    /// <param name="pitch">Floats from one row of results to the next.</param>
    /// <param name="rows">Rows to store, 1 to 4.</param>
    /// <param name="width">Columns to store, 1 to 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<V>(float* products, nint step, float* columns, float* results, nint pitch, int rows, int width)
        where V : struct, IVector<V>
    {
        for (nint column = 0; column < Inputs; column++)
        {
            Output<V>(products + (column * step), Inputs * step, out V y0, out V y1, out V y2, out V y3);
            float* store = columns + (column * V.Count);
            V.Store(y0, store);
            V.Store(y1, store + (Inputs * V.Count));
            V.Store(y2, store + (2 * Inputs * V.Count));
            V.Store(y3, store + (3 * Inputs * V.Count));
        }

        for (int row = 0; row < rows; row++)
        {
            Output<V>(columns, V.Count, out V y0, out V y1, out V y2, out V y3);
            V.Store(y0, results);
            if (width > 1)
            {
                V.Store(y1, results + Block);
            }

            if (width > 2)
            {
                V.Store(y2, results + (2 * Block));
            }

            if (width > 3)
            {
                V.Store(y3, results + (3 * Block));
            }

            columns += Inputs * V.Count;
            results += pitch;
        }
    }

    private static void Filter(double g0, double g1, double g2, double* transformed, int step)
    {
        transformed[0] = g0 / 4;
        transformed[step] = -(g0 + g1 + g2) / 6;
        transformed[2 * step] = -(g0 - g1 + g2) / 6;
        transformed[3 * step] = (g0 + (2 * g1) + (4 * g2)) / 24;
        transformed[4 * step] = (g0 - (2 * g1) + (4 * g2)) / 24;
        transformed[5 * step] = g2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Input<V>(float* source, nint sourceStep, float* destination, nint step)
        where V : struct, IVector<V>
    {
        V two = V.Broadcast(2), four = V.Broadcast(4), minusFour = V.Broadcast(-4), minusFive = V.Broadcast(-5);
        V d0 = V.Load(source);
        V d1 = V.Load(source + sourceStep);
        V d2 = V.Load(source + (2 * sourceStep));
        V d3 = V.Load(source + (3 * sourceStep));
        V d4 = V.Load(source + (4 * sourceStep));
        V d5 = V.Load(source + (5 * sourceStep));
        V even = V.MultiplyAdd(d2, minusFour, d4);
        V odd = V.MultiplyAdd(d1, minusFour, d3);
        V evenTwo = d4 - d2;
        V oddTwo = (d3 - d1) * two;
        V.Store(V.MultiplyAdd(d0, four, V.MultiplyAdd(d2, minusFive, d4)), destination);
        V.Store(even + odd, destination + step);
        V.Store(even - odd, destination + (2 * step));
        V.Store(evenTwo + oddTwo, destination + (3 * step));
        V.Store(evenTwo - oddTwo, destination + (4 * step));
        V.Store(V.MultiplyAdd(d1, four, V.MultiplyAdd(d3, minusFive, d5)), destination + (5 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Output<V>(float* source, nint step, out V y0, out V y1, out V y2, out V y3)
        where V : struct, IVector<V>
    {
        V m1 = V.Load(source + step);
        V m2 = V.Load(source + (2 * step));
        V m3 = V.Load(source + (3 * step));
        V m4 = V.Load(source + (4 * step));
        V sum1 = m1 + m2, difference1 = m1 - m2;
        V sum2 = m3 + m4, difference2 = m3 - m4;
        y0 = V.Load(source) + sum1 + sum2;
        y1 = V.MultiplyAdd(difference2, V.Broadcast(2), difference1);
        y2 = V.MultiplyAdd(sum2, V.Broadcast(4), sum1);
        y3 = V.MultiplyAdd(difference2, V.Broadcast(8), difference1) + V.Load(source + (5 * step));
    }
}
