using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Convolution of a single position, with lanes along the 16 channels of a panel: a matrix-vector product that reads the weights
/// once. For outputs with so few pixels that lanes along pixels would stay empty (the 1×1 of squeeze-and-excitation).
/// </summary>
internal static unsafe class ChannelProduct
{
    /// <summary>Sums kept side by side over the reduction, so that an addition's latency is hidden; a constant, for equal bits everywhere.</summary>
    private const int Chains = 4;

    /// <summary>Collects the inputs of one position in the order of the weights.</summary>
    public static void Gather(float* source, nint channelSize, int channels, ConvolutionTap* taps, int tapCount, float* destination)
    {
        for (int channel = 0; channel < channels; channel++)
        {
            for (int tap = 0; tap < tapCount; tap++)
            {
                *destination++ = source[taps[tap].Input];
            }

            source += channelSize;
        }
    }

    /// <summary><c>results[lane · pitch] = Σ input[k] · weights[k][lane]</c> for the 16 lanes of a panel.</summary>
    [SkipLocalsInit]
    public static void Run<V>(float* input, nint length, float* weights, float* results, nint pitch)
        where V : struct, IVector<V>
    {
        float* sums = stackalloc float[Convolution.PanelChannels];
        for (int lane = 0; lane < Convolution.PanelChannels; lane += V.Count)
        {
            V.Store(Sum<V>(input, length, weights + lane), sums + lane);
        }

        for (int lane = 0; lane < Convolution.PanelChannels; lane++)
        {
            results[lane * pitch] = sums[lane];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Sum<V>(float* input, nint length, float* weights)
        where V : struct, IVector<V>
    {
        const int Line = Convolution.PanelChannels;
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        nint index = 0;
        for (; index + Chains <= length; index += Chains)
        {
            sum0 = V.MultiplyAdd(V.Load(weights), V.Broadcast(input[index]), sum0);
            sum1 = V.MultiplyAdd(V.Load(weights + Line), V.Broadcast(input[index + 1]), sum1);
            sum2 = V.MultiplyAdd(V.Load(weights + (2 * Line)), V.Broadcast(input[index + 2]), sum2);
            sum3 = V.MultiplyAdd(V.Load(weights + (3 * Line)), V.Broadcast(input[index + 3]), sum3);
            weights += Chains * Line;
        }

        for (; index < length; index++, weights += Line)
        {
            sum0 = V.MultiplyAdd(V.Load(weights), V.Broadcast(input[index]), sum0);
        }

        return (sum0 + sum1) + (sum2 + sum3);
    }
}
