using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Takes slices or elements of a tensor by index. All buffers are dense and row-major.</summary>
public static unsafe class Gather
{
    /// <summary>Copies slices of the data along one axis (ONNX's Gather): <c>output[o, i, :] = data[o, indices[i], :]</c>.</summary>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">[outer, size, sliceBytes] bytes.</param>
    /// <param name="outer">Product of the sizes of the axes before the indexed one.</param>
    /// <param name="size">Size of the indexed axis.</param>
    /// <param name="sliceBytes">Bytes of the axes after it.</param>
    /// <param name="indices">Positions along the axis, negative ones from its end.</param>
    /// <param name="count">Number of indices.</param>
    /// <param name="output">[outer, count, sliceBytes] bytes.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside the axis.</exception>
    public static void Slices<TIndex>(Workers workers, byte* data, long outer, long size, long sliceBytes, TIndex* indices, long count, byte* output, string node)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        // Indices are checked first, so that a bad one leaves no half-written result and threads cannot throw.
        for (long index = 0; index < count; index++)
        {
            MoveIndex.Resolve(indices[index], size, node);
        }

        var work = new SliceWork<TIndex>(data, size, sliceBytes, indices, count, output, node);
        MoveParts.Run(workers, ref work, outer * count, sliceBytes);
    }

    /// <summary>Picks single elements (ONNX's GatherElements): the output has the indices' shape, and each element is the data's at the same
    /// coordinates, but for the indexed axis, where the index says.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="dataShape">Its sizes.</param>
    /// <param name="indices">Positions along the axis, negative ones from its end.</param>
    /// <param name="indexShape">Sizes of the indices and the output; at most the data's but for the indexed axis.</param>
    /// <param name="axis">The indexed axis.</param>
    /// <param name="output">The result.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside the axis.</exception>
    public static void Elements<T, TIndex>(Workers workers, T* data, ReadOnlySpan<long> dataShape, TIndex* indices, ReadOnlySpan<long> indexShape, int axis, T* output, string node)
        where T : unmanaged
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        long count = MoveShape.Count(indexShape);
        long size = dataShape[axis];
        for (long index = 0; index < count; index++)
        {
            MoveIndex.Resolve(indices[index], size, node);
        }

        var walk = new MoveShape(indexShape, dataShape);
        walk.Strides[axis] = 0;
        long axisStride = MoveShape.Stride(dataShape, axis);
        var work = new ElementWork<T, TIndex>(data, walk, axisStride, size, indices, output, node);
        MoveParts.Run(workers, ref work, count, sizeof(T) * 4);
    }

    /// <summary>Copies slices by index tuples (ONNX's GatherND): <c>output[b, i, :] = data[b, indices[b, i, 0], …, indices[b, i, depth - 1], :]</c>.</summary>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="batches">Product of the batch axes' sizes.</param>
    /// <param name="indexedShape">Sizes of the axes that a tuple indexes; its length is the tuples' depth.</param>
    /// <param name="sliceBytes">Bytes of the axes after those.</param>
    /// <param name="indices">[batches, tuples, depth].</param>
    /// <param name="tuples">Tuples of a batch.</param>
    /// <param name="output">[batches, tuples, sliceBytes] bytes.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside its axis.</exception>
    public static void Tuples<TIndex>(Workers workers, byte* data, long batches, ReadOnlySpan<long> indexedShape, long sliceBytes, TIndex* indices, long tuples, byte* output, string node)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        long batchBytes = MoveShape.Count(indexedShape) * sliceBytes;
        var shape = new MoveShape(indexedShape, indexedShape);
        for (long tuple = 0; tuple < batches * tuples; tuple++)
        {
            shape.Locate(indices + (tuple * indexedShape.Length), node);
        }

        var work = new TupleWork<TIndex>(data, batchBytes, shape, sliceBytes, indices, tuples, output, node);
        MoveParts.Run(workers, ref work, batches * tuples, sliceBytes);
    }

    private readonly struct SliceWork<TIndex>(byte* data, long size, long sliceBytes, TIndex* indices, long count, byte* output, string node) : IMoveWork
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        public void Run(long begin, long end)
        {
            for (long slice = begin; slice < end; slice++)
            {
                long row = slice / count;
                long position = MoveIndex.Resolve(indices[slice - (row * count)], size, node);
                MoveParts.Copy(data + (((row * size) + position) * sliceBytes), output + (slice * sliceBytes), sliceBytes);
            }
        }
    }

    private readonly struct ElementWork<T, TIndex>(T* data, MoveShape walk, long axisStride, long size, TIndex* indices, T* output, string node) : IMoveWork
        where T : unmanaged
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        public void Run(long begin, long end)
        {
            for (long index = begin; index < end; index++)
            {
                output[index] = data[walk.Offset(index) + (MoveIndex.Resolve(indices[index], size, node) * axisStride)];
            }
        }
    }

    private readonly struct TupleWork<TIndex>(byte* data, long batchBytes, MoveShape shape, long sliceBytes, TIndex* indices, long tuples, byte* output, string node) : IMoveWork
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        public void Run(long begin, long end)
        {
            for (long tuple = begin; tuple < end; tuple++)
            {
                byte* batch = data + (tuple / tuples * batchBytes);
                MoveParts.Copy(batch + (shape.Locate(indices + (tuple * shape.Rank), node) * sliceBytes), output + (tuple * sliceBytes), sliceBytes);
            }
        }
    }
}
