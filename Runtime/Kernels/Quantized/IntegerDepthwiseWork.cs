using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A depthwise integer convolution, shared out by channels: each plane is widened to int16 with its padding, less the zero point, then taps run along its rows.</summary>
internal unsafe struct IntegerDepthwiseWork<TInput, TOutput, TEpilogue> : IParallelWork
    where TInput : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IChannelEpilogue
{
    public Workers Workers;
    public ConvolutionShape Shape;
    public TInput* Input;
    public int ZeroPoint;
    public sbyte* Weights;
    public sbyte* ZeroPoints;
    public TOutput* Output;
    public TEpilogue Epilogue;

    // Lanes of the widest vector: what the last vector of a row may read and write beyond it.
    private const int Slack = 16;

    public void Run(int part, int parts)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            RunPlanes<Vector512Float>(part, parts);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            RunPlanes<Vector256Float>(part, parts);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            RunPlanes<Vector128Float>(part, parts);
        }
        else
        {
            RunPlanes<ScalarFloat>(part, parts);
        }
    }

    /// <summary>Input elements along an axis that outputs reach, padding included.</summary>
    private static nint Padded(SpatialAxis axis) => ((nint)(axis.Output - 1) * axis.Stride) + ((nint)(axis.Kernel - 1) * axis.Dilation) + 1;

    private void RunPlanes<V>(int part, int parts)
        where V : struct, IVector<V>
    {
        // Columns whose remainder by the stride is the same stand together, so that every stride reads contiguous elements.
        nint phase = ((Padded(Shape.Width) + Shape.Width.Stride - 1) / Shape.Width.Stride) + Slack;
        nint rowShorts = phase * Shape.Width.Stride;
        nint planeShorts = Padded(Shape.Depth) * Padded(Shape.Height) * rowShorts;
        nint sumInts = Shape.Width.Output + Slack;
        byte* scratch = Workers.Scratch(part, (nuint)((Shape.Taps * (sizeof(nint) + sizeof(int))) + (sumInts * sizeof(int)) + (planeShorts * sizeof(short))));
        var offsets = (nint*)scratch;
        var weights = (int*)(offsets + Shape.Taps);
        int* sums = weights + Shape.Taps;
        var padded = (short*)(sums + sumInts);
        FindOffsets(offsets, rowShorts, phase);

        nint planes = (nint)Shape.Batch * Shape.OutputChannels;
        for (nint plane = planes * part / parts; plane < planes * (part + 1) / parts; plane++)
        {
            nint channel = plane % Shape.OutputChannels;
            int zero = ZeroPoints == null ? 0 : ZeroPoints[channel];
            for (nint tap = 0; tap < Shape.Taps; tap++)
            {
                // The high half meets the sign of an element, and must not count.
                weights[tap] = (ushort)(Weights[(channel * Shape.Taps) + tap] - zero);
            }

            Widen(Input + (plane * Shape.InputPlane), padded, rowShorts, phase);
            Convolve<V>(padded, rowShorts, offsets, weights, sums, plane, channel);
        }
    }

    private readonly void FindOffsets(nint* offsets, nint rowShorts, nint phase)
    {
        for (int z = 0; z < Shape.Depth.Kernel; z++)
        {
            for (int y = 0; y < Shape.Height.Kernel; y++)
            {
                for (int x = 0; x < Shape.Width.Kernel; x++)
                {
                    nint column = (nint)x * Shape.Width.Dilation;
                    nint row = ((nint)z * Shape.Depth.Dilation * Padded(Shape.Height)) + ((nint)y * Shape.Height.Dilation);
                    *offsets++ = (row * rowShorts) + (column % Shape.Width.Stride * phase) + (column / Shape.Width.Stride);
                }
            }
        }
    }

    private void Convolve<V>(short* padded, nint rowShorts, nint* offsets, int* weights, int* sums, nint plane, nint channel)
        where V : struct, IVector<V>
    {
        nint width = Shape.Width.Output;
        nint offset = plane * Shape.OutputPlane;
        for (nint z = 0; z < Shape.Depth.Output; z++)
        {
            for (nint y = 0; y < Shape.Height.Output; y++)
            {
                short* row = padded + (((z * Shape.Depth.Stride * Padded(Shape.Height)) + (y * Shape.Height.Stride)) * rowShorts);
                for (nint x = 0; x < width; x += V.Count)
                {
                    V sum = V.Zero;
                    for (nint tap = 0; tap < Shape.Taps; tap++)
                    {
                        sum = ShortDot.MultiplyAdd(sum, NarrowLanes.LoadIntegers<V, short>(row + offsets[tap] + x), V.BroadcastBits(weights[tap]));
                    }

                    V.Store(sum, (float*)sums + x);
                }

                IntegerResults.StoreChannel<V, TEpilogue, TOutput>(sums, width, Output, ref Epilogue, channel, offset);
                offset += width;
            }
        }
    }

    private readonly void Widen(TInput* plane, short* padded, nint rowShorts, nint phase)
    {
        for (nint z = 0; z < Padded(Shape.Depth); z++)
        {
            nint inputZ = z - Shape.Depth.PadBegin;
            for (nint y = 0; y < Padded(Shape.Height); y++)
            {
                nint inputY = y - Shape.Height.PadBegin;
                if ((nuint)inputZ >= (nuint)Shape.Depth.Input || (nuint)inputY >= (nuint)Shape.Height.Input)
                {
                    new Span<short>(padded, checked((int)rowShorts)).Clear();
                }
                else
                {
                    WidenRow(plane + (((inputZ * Shape.Height.Input) + inputY) * Shape.Width.Input), padded, rowShorts, phase);
                }

                padded += rowShorts;
            }
        }
    }

    private readonly void WidenRow(TInput* row, short* padded, nint rowShorts, nint phase)
    {
        nint stride = Shape.Width.Stride;
        nint before = Shape.Width.PadBegin;
        nint width = Padded(Shape.Width);
        nint begin = Math.Clamp(before, 0, width), end = Math.Clamp(before + Shape.Width.Input, begin, width);
        if (stride == 1)
        {
            new Span<short>(padded, (int)begin).Clear();
            WidenRun(row + (begin - before), end - begin, padded + begin);
            new Span<short>(padded + end, (int)(rowShorts - end)).Clear();
            return;
        }

        new Span<short>(padded, checked((int)rowShorts)).Clear();
        for (nint x = begin; x < end; x++)
        {
            padded[(x % stride * phase) + (x / stride)] = (short)(Value(row[x - before]) - ZeroPoint);
        }
    }

    private readonly void WidenRun(TInput* from, nint count, short* to)
    {
        nint index = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<short> zeroPoint = Vector128.Create((short)ZeroPoint);
            for (; index + 8 <= count; index += 8)
            {
                Vector128<byte> bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(from + index)).AsByte();
                Vector128<short> shorts = typeof(TInput) == typeof(byte) ? Vector128.WidenLower(bytes).AsInt16() : Vector128.WidenLower(bytes.AsSByte());
                (shorts - zeroPoint).Store(to + index);
            }
        }

        for (; index < count; index++)
        {
            to[index] = (short)(Value(from[index]) - ZeroPoint);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Value(TInput element) => typeof(TInput) == typeof(sbyte) ? *(sbyte*)&element : *(byte*)&element;
}
