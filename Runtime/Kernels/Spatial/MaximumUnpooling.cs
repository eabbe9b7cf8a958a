namespace Cameo.Kernels;

/// <summary>Puts maxima back where a pooling found them (ONNX's MaxUnpool), with zeros between them.</summary>
public static unsafe class MaximumUnpooling
{
    /// <summary>Scatters the maxima; of several with the same index the last counts.</summary>
    /// <typeparam name="T">A type of the elements' size.</typeparam>
    /// <param name="input">The maxima.</param>
    /// <param name="indices">Their offsets in the whole of what was pooled, which has the sizes <paramref name="pooled"/>.</param>
    /// <param name="count">Number of maxima.</param>
    /// <param name="pooled">Sizes of what was pooled, batch and channels first.</param>
    /// <param name="sizes">Sizes of the output, none smaller than those.</param>
    /// <param name="output">Receives the maxima at their places.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside of what was pooled.</exception>
    /// <exception cref="DimensionOutOfBoundsException">The output is smaller than what was pooled.</exception>
    public static void Run<T>(T* input, long* indices, long count, ReadOnlySpan<long> pooled, ReadOnlySpan<long> sizes, T* output, string node)
        where T : unmanaged
    {
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            if (sizes[axis] < pooled[axis])
            {
                throw new DimensionOutOfBoundsException($"axis {axis} of the result of {node}", sizes[axis], pooled[axis], long.MaxValue, "");
            }
        }

        long elements = MoveShape.Count(pooled);
        for (long index = 0; index < count; index++)
        {
            if ((ulong)indices[index] >= (ulong)elements)
            {
                throw new IndexOutOfRangeException($"{node}: index {indices[index]} is outside of {elements} elements.");
            }
        }

        long bytes = MoveShape.Count(sizes) * sizeof(T);
        System.Runtime.InteropServices.NativeMemory.Clear(output, (nuint)bytes);
        for (long index = 0; index < count; index++)
        {
            (long rest, long offset, long stride) = (indices[index], 0, 1);
            for (int axis = sizes.Length - 1; axis >= 0; axis--)
            {
                (rest, long place) = Math.DivRem(rest, pooled[axis]);
                offset += place * stride;
                stride *= sizes[axis];
            }

            output[offset] = input[index];
        }
    }
}
