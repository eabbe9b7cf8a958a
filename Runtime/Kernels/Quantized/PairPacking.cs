using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Writes inputs and weights of a convolution of bytes as pairs of int16, their zero points taken off.</summary>
internal static unsafe class PairPacking
{
    private const int PanelChannels = IntegerConvolution.PanelChannels;

    /// <summary>One plane of pairs.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">The whole input.</param>
    /// <param name="zeroPoint">Its zero point.</param>
    /// <param name="plane">Number of the plane of pairs, over images and channels.</param>
    /// <param name="pairs">Receives the plane.</param>
    public static void Input<V, TInput>(in PairShape shape, TInput* input, int zeroPoint, nint plane, int* pairs)
        where V : struct, IVector<V>
        where TInput : unmanaged
    {
        nint size = shape.Bytes.InputPlane;
        if (shape.IsAlongRow)
        {
            nint width = shape.Bytes.Width.Input;
            nint rows = width == 0 ? 0 : size / width;
            TInput* row = input + (plane * size);
            for (nint index = 0; index < rows; index++)
            {
                Row<V, TInput>(row, width, shape.Bytes.Width.Dilation, zeroPoint, pairs);
                row += width;
                pairs += width + shape.Bytes.Width.Dilation;
            }

            return;
        }

        (nint group, nint channel) = Math.DivRem(plane, shape.Pairs.GroupInputs);
        TInput* low = input + (((group * shape.Bytes.GroupInputs) + (2 * channel)) * size);
        bool isWhole = (2 * channel) + 1 < shape.Bytes.GroupInputs;
        Combine<V, TInput>(low, isWhole ? low + size : null, size, zeroPoint, pairs);
    }

    /// <summary>Weights in panels as <see cref="Convolution.PackWeights"/> lays them out, an element being a pair.</summary>
    public static void Weights<V>(in PairShape shape, uint* words, sbyte* zeroPoints, int* pairs)
        where V : struct, IVector<V>
    {
        int* zeros = stackalloc int[PanelChannels];
        ConvolutionShape bytes = shape.Bytes;
        nint groups = (bytes.ReductionLength + 3) / 4;
        int taps = bytes.Taps;
        int kernel = bytes.Width.Kernel;
        for (int panel = 0; panel < bytes.Groups * bytes.GroupPanels; panel++)
        {
            (int group, int position) = Math.DivRem(panel, bytes.GroupPanels);
            for (int lane = 0; lane < PanelChannels; lane++)
            {
                int channel = (position * PanelChannels) + lane;
                zeros[lane] = zeroPoints == null || channel >= bytes.GroupOutputs ? 0 : zeroPoints[(group * bytes.GroupOutputs) + channel];
            }

            for (int channel = 0; channel < shape.Pairs.GroupInputs; channel++)
            {
                if (shape.IsAlongRow)
                {
                    for (int line = 0; line < taps / kernel; line++)
                    {
                        nint first = ((nint)channel * taps) + (line * kernel);
                        for (int tap = 0; tap < kernel; tap += 2)
                        {
                            Pair<V>(words, first + tap, tap + 1 < kernel ? first + tap + 1 : -1, zeros, pairs);
                            pairs += PanelChannels;
                        }
                    }
                }
                else
                {
                    nint first = 2 * (nint)channel * taps;
                    bool isWhole = (2 * channel) + 1 < bytes.GroupInputs;
                    for (int tap = 0; tap < taps; tap++)
                    {
                        Pair<V>(words, first + tap, isWhole ? first + taps + tap : -1, zeros, pairs);
                        pairs += PanelChannels;
                    }
                }
            }

            words += groups * PanelChannels;
        }
    }

    /// <summary>Elements <paramref name="low"/> and <paramref name="high"/> (−1 for none) of the reduction, for all channels of a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<V>(uint* words, nint low, nint high, int* zeros, int* pairs)
        where V : struct, IVector<V>
    {
        for (int lane = 0; lane < PanelChannels; lane += V.Count)
        {
            V zero = V.Load((float*)zeros + lane);
            V first = V.SubtractBits(Element<V>(words + lane, low), zero);
            V second = high < 0 ? V.Zero : V.SubtractBits(Element<V>(words + lane, high), zero);
            V.Store(Combine(first, second), (float*)pairs + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Element<V>(uint* words, nint index)
        where V : struct, IVector<V> =>
        V.ShiftRightArithmetic(V.ShiftLeft(V.Load((float*)words + (index / 4 * PanelChannels)), 24 - (8 * (int)(index % 4))), 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Combine<V>(V low, V high)
        where V : struct, IVector<V> => V.Or(V.And(low, V.BroadcastBits(0xFFFF)), V.ShiftLeft(high, 16));

    private static void Combine<V, TInput>(TInput* low, TInput* high, nint count, int zeroPoint, int* pairs)
        where V : struct, IVector<V>
        where TInput : unmanaged
    {
        V zero = V.BroadcastBits(zeroPoint);
        nint index = 0;
        for (; index + V.Count <= count; index += V.Count)
        {
            V first = V.SubtractBits(NarrowLanes.LoadIntegers<V, TInput>(low + index), zero);
            V second = high == null ? V.Zero : V.SubtractBits(NarrowLanes.LoadIntegers<V, TInput>(high + index), zero);
            V.Store(Combine(first, second), (float*)pairs + index);
        }

        for (; index < count; index++)
        {
            pairs[index] = ShortDot.Pair(Value(low[index]) - zeroPoint, high == null ? 0 : Value(high[index]) - zeroPoint);
        }
    }

    private static void Row<V, TInput>(TInput* row, nint width, nint distance, int zeroPoint, int* pairs)
        where V : struct, IVector<V>
        where TInput : unmanaged
    {
        nint edge = Math.Min(distance, width);
        for (nint index = 0; index < distance; index++)
        {
            pairs[index] = ShortDot.Pair(0, index < edge ? Value(row[index]) - zeroPoint : 0);
        }

        Combine<V, TInput>(row, row + distance, width - edge, zeroPoint, pairs + distance);
        for (nint index = width - edge; index < width; index++)
        {
            pairs[distance + index] = ShortDot.Pair(Value(row[index]) - zeroPoint, 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Value<TInput>(TInput value)
        where TInput : unmanaged => typeof(TInput) == typeof(sbyte) ? (sbyte)(object)value : (byte)(object)value;
}
