using Cameo.Sessions;

namespace Cameo.Sequences;

/// <content>Parts of a tensor.</content>
public sealed unsafe partial class TensorSequence
{
    /// <summary>Holds a part for each index of an axis.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="data">The tensor's elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="keepsAxis">Whether the parts have the axis, of size 1.</param>
    public void SplitEach(string node, void* data, ReadOnlySpan<long> shape, int axis, bool keepsAxis)
    {
        Begin();
        for (long start = 0; start < shape[axis]; start++)
        {
            AddPart(data, shape, axis, start, 1, keepsAxis);
        }
    }

    /// <summary>Holds parts of one length, of which the last may be shorter.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="data">The tensor's elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="length">Length of the parts along the axis.</param>
    /// <exception cref="SequenceException">The length is not positive.</exception>
    public void SplitEvenly(string node, void* data, ReadOnlySpan<long> shape, int axis, long length)
    {
        if (length <= 0)
        {
            throw new SequenceException($"{node}: parts cannot have {length} elements.");
        }

        Begin();
        for (long start = 0; start < shape[axis]; start += Math.Min(length, shape[axis] - start))
        {
            AddPart(data, shape, axis, start, Math.Min(length, shape[axis] - start), keepsAxis: true);
        }
    }

    /// <summary>Holds parts of given lengths.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="data">The tensor's elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="lengths">Length of each part along the axis; together they are the axis.</param>
    /// <exception cref="SequenceException">A length is negative, or they are not the axis.</exception>
    public void Split(string node, void* data, ReadOnlySpan<long> shape, int axis, ReadOnlySpan<long> lengths)
    {
        CheckSum(node, lengths, shape[axis]);
        Begin();
        long start = 0;
        foreach (long length in lengths)
        {
            AddPart(data, shape, axis, start, length, keepsAxis: true);
            start += length;
        }
    }

    /// <inheritdoc cref="Split(string, void*, ReadOnlySpan{long}, int, ReadOnlySpan{long})"/>
    public void Split(string node, void* data, ReadOnlySpan<long> shape, int axis, ReadOnlySpan<int> lengths)
    {
        Span<long> wide = lengths.Length <= MaximumStackRank ? stackalloc long[lengths.Length] : new long[lengths.Length];
        for (int index = 0; index < wide.Length; index++)
        {
            wide[index] = lengths[index];
        }

        Split(node, data, shape, axis, wide);
    }

    private static void CheckSum(string node, ReadOnlySpan<long> lengths, long size)
    {
        long sum = 0;
        foreach (long length in lengths)
        {
            if (length < 0)
            {
                throw new SequenceException($"{node}: a part cannot have {length} elements.");
            }

            sum += length;
        }

        if (sum != size)
        {
            throw new SequenceException($"{node}: the parts have {sum} elements together, and the axis {size}.");
        }
    }

    private void AddPart(void* data, ReadOnlySpan<long> shape, int axis, long start, long length, bool keepsAxis)
    {
        int rank = keepsAxis ? shape.Length : shape.Length - 1;
        Span<long> part = rank <= MaximumStackRank ? stackalloc long[rank] : new long[rank];
        shape[..axis].CopyTo(part);
        shape[(axis + 1)..].CopyTo(part[(keepsAxis ? axis + 1 : axis)..]);
        if (keepsAxis)
        {
            part[axis] = length;
        }

        long inner = ElementTypes.CountElements(shape[(axis + 1)..]) * _elementBytes;
        long outer = ElementTypes.CountElements(shape[..axis]);
        byte* target = AppendNew(part).Data;
        byte* source = (byte*)data + (start * inner);
        long bytes = length * inner;
        for (long index = 0; index < outer; index++)
        {
            Buffer.MemoryCopy(source + (index * shape[axis] * inner), target + (index * bytes), bytes, bytes);
        }
    }
}
