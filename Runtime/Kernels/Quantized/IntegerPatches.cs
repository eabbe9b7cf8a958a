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
        for (nint strip = 0; strip < count; strip += StripPixels)
        {
            nint pixels = Math.Min(StripPixels, count - strip);
            nint column = (first + strip) % shape.Width.Output;
            nint line = (first + strip) / shape.Width.Output;
            nint k = 0;
            for (int channel = 0; channel < shape.GroupInputs; channel++)
            {
                for (int z = 0; z < shape.Depth.Kernel; z++)
                {
                    for (int y = 0; y < shape.Height.Kernel; y++)
                    {
                        for (int x = 0; x < shape.Width.Kernel; x++)
                        {
                            Gather(shape, (byte*)input + (channel * shape.InputPlane), z, y, x, line, column, pixels, (byte)zeroPoint, rows + (k % 4 * StripPixels));
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

    /// <summary>The inputs that one tap of one channel meets, output row by output row.</summary>
    private static void Gather(in ConvolutionShape shape, byte* channel, int z, int y, int x, nint line, nint column, nint count, byte padding, byte* to)
    {
        while (count > 0)
        {
            nint run = Math.Min(count, shape.Width.Output - column);
            (nint plane, nint row) = Math.DivRem(line, shape.Height.Output);
            nint inputZ = (plane * shape.Depth.Stride) + ((nint)z * shape.Depth.Dilation) - shape.Depth.PadBegin;
            nint inputY = (row * shape.Height.Stride) + ((nint)y * shape.Height.Dilation) - shape.Height.PadBegin;
            if ((nuint)inputZ >= (nuint)shape.Depth.Input || (nuint)inputY >= (nuint)shape.Height.Input)
            {
                Unsafe.InitBlockUnaligned(to, padding, (uint)run);
            }
            else
            {
                nint inputX = (column * shape.Width.Stride) + ((nint)x * shape.Width.Dilation) - shape.Width.PadBegin;
                GatherRow(channel + (((inputZ * shape.Height.Input) + inputY) * shape.Width.Input), inputX, shape.Width.Input, shape.Width.Stride, run, padding, to);
            }

            to += run;
            count -= run;
            column = 0;
            line++;
        }
    }

    private static void GatherRow(byte* row, nint x, nint width, nint stride, nint count, byte padding, byte* to)
    {
        nint before = Math.Clamp(((-x) + stride - 1) / stride, 0, count);
        nint end = x >= width ? 0 : Math.Clamp((width - x + stride - 1) / stride, 0, count);
        end = Math.Max(end, before);
        Unsafe.InitBlockUnaligned(to, padding, (uint)before);
        Unsafe.InitBlockUnaligned(to + end, padding, (uint)(count - end));
        if (stride == 1)
        {
            Unsafe.CopyBlockUnaligned(to + before, row + x + before, (uint)(end - before));
            return;
        }

        for (nint index = before; index < end; index++)
        {
            to[index] = row[x + (index * stride)];
        }
    }
}
