using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Keeps the slices of a dense tensor along one axis for which a condition holds.</summary>
public static unsafe class Compress
{
    /// <summary>How many slices are kept.</summary>
    /// <param name="condition">One flag for each of the first slices; those behind are not kept.</param>
    /// <param name="length">How many flags there are.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">A slice is to be kept that does not exist.</exception>
    public static long Count(bool* condition, long length, long size, string node)
    {
        long count = 0;
        for (long index = 0; index < length; index++)
        {
            if (condition[index])
            {
                count++;
                if (index >= size)
                {
                    throw new DimensionOutOfBoundsException($"length of the condition of {node}", index + 1, 0, size, "");
                }
            }
        }

        return count;
    }

    /// <summary>Copies the slices that are kept.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="condition">The flags.</param>
    /// <param name="length">How many flags there are.</param>
    /// <param name="data">The tensor, seen as [outer, size, slice].</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="sliceBytes">Bytes of a slice.</param>
    /// <param name="count">What <see cref="Count"/> gave.</param>
    /// <param name="result">Receives [outer, count, slice].</param>
    public static void Run(Workers workers, bool* condition, long length, byte* data, long outer, long size, long sliceBytes, long count, byte* result)
    {
        var work = new CompressWork(condition, Math.Min(length, size), data, size, sliceBytes, count, result);
        MoveParts.Run(workers, ref work, outer, count * sliceBytes);
    }
}
