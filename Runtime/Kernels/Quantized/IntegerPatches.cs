using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>The inputs of a tile of output pixels as words [strip][⌈K / 4⌉][32 pixels] of four signed bytes along the reduction.</summary>
internal static unsafe class IntegerPatches
{
    /// <summary>Pixels of a strip: two of the widest vectors.</summary>
    public const int StripPixels = 32;

    /// <summary>What is taken off inputs so that they are signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Shift<TInput>() => typeof(TInput) == typeof(byte) ? 128 : 0;

    /// <summary>Makes the patches of pixels <paramref name="first"/> … of one group of one image.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">The group's first channel.</param>
    /// <param name="first">First output pixel.</param>
    /// <param name="count">Output pixels; the others of the last strip have any content.</param>
    /// <param name="zeroPoint">What padding counts as, in the input's type.</param>
    /// <param name="words">Receives the patches.</param>
    public static void Make<V, TInput>(in ConvolutionShape shape, TInput* input, nint first, nint count, int zeroPoint, uint* words)
        where V : struct, IVector<V>
        where TInput : unmanaged
    {
        byte* rows = stackalloc byte[4 * StripPixels];
        IntegerPatchRun* runs = stackalloc IntegerPatchRun[StripPixels];
        for (nint strip = 0; strip < count; strip += StripPixels)
        {
            int runCount = IntegerPatchRun.Find(shape, first + strip, Math.Min(StripPixels, count - strip), runs);
            nint k = 0;
            for (int channel = 0; channel < shape.GroupInputs; channel++)
            {
                byte* plane = (byte*)input + (channel * shape.InputPlane);
                for (int z = 0; z < shape.Depth.Kernel; z++)
                {
                    for (int y = 0; y < shape.Height.Kernel; y++)
                    {
                        for (int x = 0; x < shape.Width.Kernel; x++)
                        {
                            byte* row = rows + (k % 4 * StripPixels);
                            for (int run = 0; run < runCount; run++)
                            {
                                row = runs[run].Gather(shape, plane, z, y, x, (byte)zeroPoint, row);
                            }

                            if (++k % 4 == 0)
                            {
                                words = Interleave<V, TInput>(rows, words);
                            }
                        }
                    }
                }
            }

            if (k % 4 != 0)
            {
                // Elements beyond the reduction are 0 once they are signed.
                new Span<byte>(rows + (k % 4 * StripPixels), (int)((4 - (k % 4)) * StripPixels)).Fill((byte)Shift<TInput>());
                words = Interleave<V, TInput>(rows, words);
            }
        }
    }

    /// <summary>Sums of each pixel's elements.</summary>
    public static void Sum<V>(uint* words, nint groups, nint count, int* sums)
        where V : struct, IVector<V>
    {
        V ones = V.BroadcastBits(0x0001_0001);
        for (nint strip = 0; strip < count; strip += StripPixels)
        {
            for (nint lane = 0; lane < StripPixels; lane += V.Count)
            {
                V sum = V.Zero;
                for (nint group = 0; group < groups; group++)
                {
                    V word = V.Load((float*)words + (((strip / StripPixels * groups) + group) * StripPixels) + lane);
                    sum = ShortDot.MultiplyAdd(ShortDot.MultiplyAdd(sum, ShortDot.EvenBytes(word), ones), ShortDot.OddBytes(word), ones);
                }

                V.Store(sum, (float*)sums + strip + lane);
            }
        }
    }

    private static uint* Interleave<V, TInput>(byte* rows, uint* words)
        where V : struct, IVector<V>
    {
        V flip = V.BroadcastBits(typeof(TInput) == typeof(byte) ? unchecked((int)0x80808080) : 0);
        for (nint pixel = 0; pixel < StripPixels; pixel += V.Count)
        {
            V low = V.Or(NarrowLanes.LoadIntegers<V, byte>(rows + pixel), V.ShiftLeft(NarrowLanes.LoadIntegers<V, byte>(rows + StripPixels + pixel), 8));
            V high = V.Or(
                V.ShiftLeft(NarrowLanes.LoadIntegers<V, byte>(rows + (2 * StripPixels) + pixel), 16), V.ShiftLeft(NarrowLanes.LoadIntegers<V, byte>(rows + (3 * StripPixels) + pixel), 24));
            V.Store(V.Xor(V.Or(low, high), flip), (float*)words + pixel);
        }

        return words + StripPixels;
    }
}
