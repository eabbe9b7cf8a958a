using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Neighbouring output pixels of one row: where their inputs start, before a tap is chosen.</summary>
internal unsafe struct IntegerPatchRun
{
    private nint _z;
    private nint _y;
    private nint _x;
    private nint _count;

    /// <summary>Cuts output pixels into runs.</summary>
    /// <returns>The number of runs.</returns>
    public static int Find(in ConvolutionShape shape, nint first, nint count, IntegerPatchRun* runs)
    {
        (nint line, nint column) = Math.DivRem(first, shape.Width.Output);
        int found = 0;
        while (count > 0)
        {
            (nint plane, nint row) = Math.DivRem(line, shape.Height.Output);
            nint length = Math.Min(count, shape.Width.Output - column);
            runs[found++] = new IntegerPatchRun
            {
                _z = (plane * shape.Depth.Stride) - shape.Depth.PadBegin,
                _y = (row * shape.Height.Stride) - shape.Height.PadBegin,
                _x = (column * shape.Width.Stride) - shape.Width.PadBegin,
                _count = length,
            };
            count -= length;
            column = 0;
            line++;
        }

        return found;
    }

    /// <summary>Copies the inputs that a tap of one channel meets; returns where the next run's go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly byte* Gather(in ConvolutionShape shape, byte* channel, int z, int y, int x, byte padding, byte* to)
    {
        nint inputZ = _z + ((nint)z * shape.Depth.Dilation);
        nint inputY = _y + ((nint)y * shape.Height.Dilation);
        if ((nuint)inputZ >= (nuint)shape.Depth.Input || (nuint)inputY >= (nuint)shape.Height.Input)
        {
            Unsafe.InitBlockUnaligned(to, padding, (uint)_count);
            return to + _count;
        }

        byte* row = channel + (((inputZ * shape.Height.Input) + inputY) * shape.Width.Input);
        nint inputX = _x + ((nint)x * shape.Width.Dilation);
        if (shape.Width.Stride == 1 && inputX >= 0 && inputX + _count <= shape.Width.Input)
        {
            Unsafe.CopyBlockUnaligned(to, row + inputX, (uint)_count);
        }
        else
        {
            GatherEdge(row, inputX, shape.Width.Input, shape.Width.Stride, padding, to);
        }

        return to + _count;
    }

    private readonly void GatherEdge(byte* row, nint x, nint width, nint stride, byte padding, byte* to)
    {
        nint before = Math.Clamp(((-x) + stride - 1) / stride, 0, _count);
        nint end = x >= width ? 0 : Math.Clamp((width - x + stride - 1) / stride, 0, _count);
        end = Math.Max(end, before);
        Unsafe.InitBlockUnaligned(to, padding, (uint)before);
        Unsafe.InitBlockUnaligned(to + end, padding, (uint)(_count - end));
        for (nint index = before; index < end; index++)
        {
            to[index] = row[x + (index * stride)];
        }
    }
}
