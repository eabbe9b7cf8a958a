using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Maximum pooling that also tells where each maximum is. A unit of work is one output row.</summary>
internal unsafe struct IndexedPoolingWork<TEpilogue>(
    in PoolingShape shape, float* input, float* output, long* indices, bool isColumnMajor, TEpilogue epilogue) : IParallelWork
    where TEpilogue : struct, IChannelEpilogue
{
    private readonly PoolingShape _shape = shape;
    private TEpilogue _epilogue = epilogue;

    public readonly long Units => (long)_shape.Batch * _shape.Channels * _shape.Depth.Output * _shape.Height.Output;

    public void Run(int part, int parts)
    {
        long units = Units;
        long end = units * (part + 1) / parts;
        for (long row = units * part / parts; row < end; row++)
        {
            RunRow(row);
        }
    }

    private void RunRow(long row)
    {
        (long rest, long y) = Math.DivRem(row, _shape.Height.Output);
        (long plane, long z) = Math.DivRem(rest, _shape.Depth.Output);
        var depth = new PoolingWindow(_shape.Depth, (int)z);
        var height = new PoolingWindow(_shape.Height, (int)y);
        nint offset = (nint)row * _shape.Width.Output;
        nint channel = (nint)(plane % _shape.Channels);
        for (int x = 0; x < _shape.Width.Output; x++, offset++)
        {
            float maximum = FindMaximum((nint)plane, depth, height, new PoolingWindow(_shape.Width, x), out indices[offset]);
            ScalarFloat.Store(_epilogue.Apply(ScalarFloat.Broadcast(maximum), channel, offset), output + offset);
        }
    }

    private readonly float FindMaximum(nint plane, PoolingWindow depth, PoolingWindow height, PoolingWindow width, out long index)
    {
        nint rowFloats = _shape.Width.Input;
        nint sliceFloats = _shape.Height.Input * rowFloats;
        nint first = (plane * _shape.InputPlane) + (depth.First * sliceFloats) + (height.First * rowFloats) + width.First;
        float maximum = float.MinValue;
        index = depth.Count == 0 || height.Count == 0 || width.Count == 0 ? -1 : first;
        for (int z = 0; z < depth.Count; z++)
        {
            for (int y = 0; y < height.Count; y++)
            {
                nint element = first + (z * _shape.Depth.Dilation * sliceFloats) + (y * _shape.Height.Dilation * rowFloats);
                for (int x = 0; x < width.Count; x++, element += _shape.Width.Dilation)
                {
                    if (input[element] > maximum)
                    {
                        maximum = input[element];
                        index = element;
                    }
                }
            }
        }

        if (isColumnMajor && index >= 0)
        {
            (long channel, long place) = Math.DivRem(index, _shape.InputPlane);
            (long z, long slice) = Math.DivRem(place, sliceFloats);
            (long y, long x) = Math.DivRem(slice, rowFloats);
            index = (channel * _shape.InputPlane) + z + (_shape.Depth.Input * (y + (_shape.Height.Input * x)));
        }

        return maximum;
    }
}
