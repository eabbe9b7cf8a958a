using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Convolves one channel of a tile with one kernel; lanes run along positions. Optimised from the first call because a single call can be long.</summary>
internal static unsafe class DepthwiseMicrokernel
{
    /// <summary>Computes positions 0 … <paramref name="positions"/> − 1, and whatever fills the last vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<V>(ConvolutionTap* taps, int tapCount, float* tile, float* weights, float* results, int positions)
        where V : struct, IVector<V>
    {
        nint position = 0;
        for (; position + (3 * V.Count) < positions; position += 4 * V.Count)
        {
            RunFour<V>(taps, tapCount, tile + position, weights, results + position);
        }

        for (; position < positions; position += V.Count)
        {
            float* source = tile + position;
            V sum = V.Zero;
            for (int tap = 0; tap < tapCount; tap++)
            {
                sum = V.MultiplyAdd(V.Load(source + taps[tap].Input), V.Broadcast(weights[tap]), sum);
            }

            V.Store(sum, results + position);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunFour<V>(ConvolutionTap* taps, int tapCount, float* tile, float* weights, float* results)
        where V : struct, IVector<V>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        for (int tap = 0; tap < tapCount; tap++)
        {
            float* source = tile + taps[tap].Input;
            V weight = V.Broadcast(weights[tap]);
            sum0 = V.MultiplyAdd(V.Load(source), weight, sum0);
            sum1 = V.MultiplyAdd(V.Load(source + V.Count), weight, sum1);
            sum2 = V.MultiplyAdd(V.Load(source + (2 * V.Count)), weight, sum2);
            sum3 = V.MultiplyAdd(V.Load(source + (3 * V.Count)), weight, sum3);
        }

        V.Store(sum0, results);
        V.Store(sum1, results + V.Count);
        V.Store(sum2, results + (2 * V.Count));
        V.Store(sum3, results + (3 * V.Count));
    }

    /// <summary>Rows of <see cref="RunRows"/>.</summary>
    public const int Rows = 4;

    /// <summary>
    /// Computes <see cref="Rows"/> rows of a kernel whose taps lie one tile row below the other. A vector of input, once loaded, serves as many
    /// output rows as it has taps in: per tap one load for four multiply-adds, where <see cref="Run"/> needs four.
    /// </summary>
    /// <param name="taps">Taps of the kernel's first row, then of the following ones, each row <paramref name="pitch"/> further.</param>
    /// <param name="kernelRows">Rows of the kernel.</param>
    /// <param name="kernelColumns">Columns of the kernel.</param>
    /// <param name="tile">Entries of the first row.</param>
    /// <param name="pitch">Entries, and results, from one row to the next.</param>
    /// <param name="weights">Weights of the kernel.</param>
    /// <param name="results">Results of the first row; what is written beyond a row is what belongs there.</param>
    /// <param name="columns">Positions of a row to compute, and whatever fills the last pair of vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRows<V>(
        ConvolutionTap* taps, int kernelRows, int kernelColumns, float* tile, nint pitch, float* weights, float* results, int columns)
        where V : struct, IVector<V>
    {
        for (nint column = 0; column < columns; column += 2 * V.Count)
        {
            RunRowPair<V>(taps, kernelRows, kernelColumns, tile + column, pitch, weights, results + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunRowPair<V>(
        ConvolutionTap* taps, int kernelRows, int kernelColumns, float* tile, nint pitch, float* weights, float* results)
        where V : struct, IVector<V>
    {
        V s00 = V.Zero, s01 = V.Zero, s10 = V.Zero, s11 = V.Zero, s20 = V.Zero, s21 = V.Zero, s30 = V.Zero, s31 = V.Zero;
        for (int x = 0; x < kernelColumns; x++)
        {
            float* source = tile + taps[x].Input;
            float* weight = weights + x;
            V x00 = V.Load(source), x01 = V.Load(source + V.Count);
            source += pitch;
            V x10 = V.Load(source), x11 = V.Load(source + V.Count);
            source += pitch;
            V x20 = V.Load(source), x21 = V.Load(source + V.Count);
            for (int y = 0; y < kernelRows; y++)
            {
                source += pitch;
                V x30 = V.Load(source), x31 = V.Load(source + V.Count);
                V w = V.Broadcast(*weight);
                s00 = V.MultiplyAdd(x00, w, s00);
                s01 = V.MultiplyAdd(x01, w, s01);
                s10 = V.MultiplyAdd(x10, w, s10);
                s11 = V.MultiplyAdd(x11, w, s11);
                s20 = V.MultiplyAdd(x20, w, s20);
                s21 = V.MultiplyAdd(x21, w, s21);
                s30 = V.MultiplyAdd(x30, w, s30);
                s31 = V.MultiplyAdd(x31, w, s31);
                (x00, x01, x10, x11, x20, x21) = (x10, x11, x20, x21, x30, x31);
                weight += kernelColumns;
            }
        }

        V.Store(s00, results);
        V.Store(s01, results + V.Count);
        results += pitch;
        V.Store(s10, results);
        V.Store(s11, results + V.Count);
        results += pitch;
        V.Store(s20, results);
        V.Store(s21, results + V.Count);
        results += pitch;
        V.Store(s30, results);
        V.Store(s31, results + V.Count);
    }
}
