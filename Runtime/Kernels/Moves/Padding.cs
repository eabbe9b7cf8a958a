using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>ONNX's Pad.</summary>
public static unsafe class Padding
{
    /// <summary>Surrounds data, or cuts them where a padding is negative.</summary>
    /// <typeparam name="T">Type of the elements; elements only move, so any type of their size does.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data, dense and row-major.</param>
    /// <param name="shape">Their sizes; at least one axis.</param>
    /// <param name="before">What is put before each axis, negative to cut off.</param>
    /// <param name="outputShape">Sizes of the result.</param>
    /// <param name="mode">What stands around the data.</param>
    /// <param name="value">The value around them for <see cref="PaddingMode.Constant"/>.</param>
    /// <param name="output">The result, dense and row-major.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">A size of the result is negative, or there are no data to repeat.</exception>
    public static void Run<T>(Workers workers, T* data, ReadOnlySpan<long> shape, ReadOnlySpan<long> before, ReadOnlySpan<long> outputShape, PaddingMode mode, T value, T* output, string node)
        where T : unmanaged
    {
        long rows = 1;
        for (int axis = 0; axis < shape.Length; axis++)
        {
            if (outputShape[axis] < 0 || (mode != PaddingMode.Constant && shape[axis] < 1 && outputShape[axis] > 0))
            {
                throw new DimensionOutOfBoundsException($"axis {axis} of {node}", outputShape[axis] < 0 ? outputShape[axis] : shape[axis], outputShape[axis] < 0 ? 0 : 1, long.MaxValue, "");
            }

            rows *= axis < shape.Length - 1 ? outputShape[axis] : 1;
        }

        long columns = outputShape[^1];
        if (rows == 0 || columns == 0)
        {
            return;
        }

        fixed (long* sizes = shape, starts = before, outputSizes = outputShape)
        {
            var work = new PaddingWork<T>(data, output, sizes, starts, outputSizes, shape.Length, mode, value);
            MoveParts.Run(workers, ref work, rows, columns * sizeof(T));
        }
    }

    /// <summary>Where an element comes from along an axis; −1 for the constant.</summary>
    internal static long Source(long position, long size, PaddingMode mode)
    {
        if ((ulong)position < (ulong)size)
        {
            return position;
        }

        switch (mode)
        {
            case PaddingMode.Edge:
                return position < 0 ? 0 : size - 1;
            case PaddingMode.Wrap:
                return Remainder(position, size);
            case PaddingMode.Reflect when size == 1:
                return 0;
            case PaddingMode.Reflect:
                long folded = Remainder(position, 2 * (size - 1));
                return folded < size ? folded : (2 * (size - 1)) - folded;
            default:
                return -1;
        }
    }

    private static long Remainder(long position, long size) => ((position % size) + size) % size;
}
