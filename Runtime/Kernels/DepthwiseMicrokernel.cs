using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Convolves one channel of a tile with one kernel; lanes run along positions.</summary>
internal static unsafe class DepthwiseMicrokernel
{
    /// <summary>Computes positions 0 … <paramref name="positions"/> − 1, and whatever fills the last vector.</summary>
    [SkipLocalsInit]
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
}
