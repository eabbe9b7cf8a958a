using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Copies a tensor and writes elements or slices into the copy by index. All buffers are dense and row-major.</summary>
/// <remarks>Updates are applied one after another, so that equal indices have one result: the last, or all combined in order.</remarks>
public static unsafe class Scatter
{
    /// <summary>Writes single elements (ONNX's ScatterElements): each update goes to its own coordinates, but for the indexed axis, where the index says.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <typeparam name="TOperation">What happens to what is there.</typeparam>
    /// <param name="operation">Names the operation; has no state.</param>
    /// <param name="data">The data.</param>
    /// <param name="dataShape">Its sizes.</param>
    /// <param name="indices">Positions along the axis, negative ones from its end.</param>
    /// <param name="indexShape">Sizes of the indices and updates; at most the data's but for the indexed axis.</param>
    /// <param name="axis">The indexed axis.</param>
    /// <param name="updates">What is written.</param>
    /// <param name="output">The result, of the data's sizes: the data itself, which is then changed in place, or memory that overlaps no input.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside the axis.</exception>
    public static void Elements<T, TIndex, TOperation>(
        TOperation operation, T* data, ReadOnlySpan<long> dataShape, TIndex* indices, ReadOnlySpan<long> indexShape, int axis, T* updates, T* output, string node)
        where T : unmanaged
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TOperation : struct, IScatterOperation<T>
    {
        _ = operation;
        Copy(data, output, MoveShape.Count(dataShape));
        var walk = new MoveShape(indexShape, dataShape);
        walk.Strides[axis] = 0;
        long stride = MoveShape.Stride(dataShape, axis);
        long count = MoveShape.Count(indexShape);
        for (long index = 0; index < count; index++)
        {
            T* target = output + walk.Offset(index) + (MoveIndex.Resolve(indices[index], dataShape[axis], node) * stride);
            *target = TOperation.Combine(*target, updates[index]);
        }
    }

    /// <summary>Writes slices by index tuples (ONNX's ScatterND): <c>output[indices[i, 0], …, indices[i, depth - 1], :] = updates[i, :]</c>.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <typeparam name="TOperation">What happens to what is there.</typeparam>
    /// <param name="operation">Names the operation; has no state.</param>
    /// <param name="data">The data.</param>
    /// <param name="indexedShape">Sizes of the axes that a tuple indexes; its length is the tuples' depth.</param>
    /// <param name="slice">Elements of the axes after those.</param>
    /// <param name="indices">[tuples, depth].</param>
    /// <param name="tuples">Number of tuples.</param>
    /// <param name="updates">[tuples, slice].</param>
    /// <param name="output">The result, of the data's sizes: the data itself, which is then changed in place, or memory that overlaps no input.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">An index lies outside its axis.</exception>
    public static void Tuples<T, TIndex, TOperation>(
        TOperation operation, T* data, ReadOnlySpan<long> indexedShape, long slice, TIndex* indices, long tuples, T* updates, T* output, string node)
        where T : unmanaged
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TOperation : struct, IScatterOperation<T>
    {
        _ = operation;
        Copy(data, output, MoveShape.Count(indexedShape) * slice);
        var shape = new MoveShape(indexedShape, indexedShape);
        for (long tuple = 0; tuple < tuples; tuple++)
        {
            T* target = output + (shape.Locate(indices + (tuple * indexedShape.Length), node) * slice);
            T* source = updates + (tuple * slice);
            for (long element = 0; element < slice; element++)
            {
                target[element] = TOperation.Combine(target[element], source[element]);
            }
        }
    }

    private static void Copy<T>(T* from, T* to, long count)
        where T : unmanaged
    {
        if (from != to)
        {
            Buffer.MemoryCopy(from, to, count * sizeof(T), count * sizeof(T));
        }
    }
}
