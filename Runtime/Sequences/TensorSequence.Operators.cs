using Cameo.Sessions;

namespace Cameo.Sequences;

/// <content>What the kernels of operators on sequences and optionals do. Positions may count from the end: -1 is the last tensor.</content>
public sealed unsafe partial class TensorSequence
{
    /// <summary>Appends a copy of a tensor.</summary>
    /// <param name="data">Its elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    public void Add(void* data, ReadOnlySpan<long> shape)
    {
        long bytes = ElementTypes.CountElements(shape) * _elementBytes;
        Buffer.MemoryCopy(data, AppendNew(shape).Data, bytes, bytes);
    }

    /// <summary>Appends a copy of a tensor.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="data">Its elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    /// <exception cref="SequenceException">It is an optional that holds nothing.</exception>
    public void Insert(string node, void* data, ReadOnlySpan<long> shape) => Insert(node, data, shape, Count);

    /// <summary>Inserts a copy of a tensor.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="data">Its elements, row-major.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="position">What stands before it is that many; behind the last one is allowed.</param>
    /// <exception cref="SequenceException">The position is not in the sequence, or there is none.</exception>
    public void Insert(string node, void* data, ReadOnlySpan<long> shape, long position)
    {
        RequirePresent(node);
        int index = Find(node, position, Count);
        Add(data, shape);
        SequenceItem item = _items[Count - 1];
        Array.Copy(_items, index, _items, index + 1, Count - 1 - index);
        _items[index] = item;
    }

    /// <summary>Removes the last tensor.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <exception cref="SequenceException">There is none.</exception>
    public void Erase(string node) => Erase(node, -1);

    /// <summary>Removes a tensor.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="position">Its position.</param>
    /// <exception cref="SequenceException">The position is not in the sequence.</exception>
    public void Erase(string node, long position)
    {
        int index = Find(node, position, Count - 1);
        SequenceItem item = _items[index];
        Array.Copy(_items, index + 1, _items, index, Count - 1 - index);
        _items[--Count] = null!;
        _pool.Release(item);
    }

    /// <summary>Holds one tensor of another sequence, as it is.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="source">The other one.</param>
    /// <param name="position">The tensor's position in it.</param>
    /// <param name="expected">Sizes it must have; -1 where any is right.</param>
    /// <exception cref="SequenceException">The position is not in the sequence, or the tensor has other sizes.</exception>
    public void Select(string node, TensorSequence source, long position, ReadOnlySpan<long> expected)
    {
        ArgumentNullException.ThrowIfNull(source);
        SequenceItem item = source._items[source.Find(node, position, source.Count - 1)];
        CheckShape(node, item.Shape, expected);
        item.References++;
        Begin();
        item.References--;
        Append(item);
    }

    /// <summary>Holds the tensor of an optional, as it is.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="source">The optional.</param>
    /// <param name="expected">Sizes it must have; -1 where any is right.</param>
    /// <exception cref="SequenceException">The optional is empty, or the tensor has other sizes.</exception>
    public void SelectContent(string node, TensorSequence source, ReadOnlySpan<long> expected)
    {
        ArgumentNullException.ThrowIfNull(source);
        source.RequirePresent(node);
        Select(node, source, 0, expected);
    }

    /// <summary>Holds the tensors of another sequence joined along an axis.</summary>
    /// <param name="node">The operator, for messages.</param>
    /// <param name="source">The other one.</param>
    /// <param name="axis">The axis of the result.</param>
    /// <param name="isNew">Whether the tensors do not have that axis: they are stacked.</param>
    /// <param name="expected">Sizes the result must have; -1 where any is right.</param>
    /// <exception cref="SequenceException">There are no tensors, or they do not fit together.</exception>
    public void Concatenate(string node, TensorSequence source, int axis, bool isNew, ReadOnlySpan<long> expected)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Count == 0)
        {
            throw new SequenceException($"{node}: the sequence is empty.");
        }

        ReadOnlySpan<long> first = source._items[0].Shape;
        int rank = expected.Length;
        Span<long> shape = rank <= MaximumStackRank ? stackalloc long[rank] : new long[rank];
        if (first.Length != rank - (isNew ? 1 : 0))
        {
            throw new SequenceException($"{node}: a tensor of shape {Describe(first)} came, and {rank - (isNew ? 1 : 0)} dimensions were expected.");
        }

        first[..axis].CopyTo(shape);
        first[(isNew ? axis : axis + 1)..].CopyTo(shape[(axis + 1)..]);
        shape[axis] = 0;
        for (int index = 0; index < source.Count; index++)
        {
            ReadOnlySpan<long> part = source._items[index].Shape;
            bool fits = part.Length == first.Length && part[..axis].SequenceEqual(first[..axis])
                && (isNew ? part.SequenceEqual(first) : part[(axis + 1)..].SequenceEqual(first[(axis + 1)..]));
            if (!fits)
            {
                throw new SequenceException($"{node}: tensors of the shapes {Describe(first)} and {Describe(part)} cannot be joined along axis {axis}.");
            }

            shape[axis] = checked(shape[axis] + (isNew ? 1 : part[axis]));
        }

        CheckShape(node, shape, expected);
        Begin();
        SequenceItem result = AppendNew(shape);
        long outer = ElementTypes.CountElements(shape[..axis]);
        long inner = ElementTypes.CountElements(shape[(axis + 1)..]) * _elementBytes;
        long row = shape[axis] * inner;
        byte* target = result.Data;
        for (int index = 0; index < source.Count; index++)
        {
            SequenceItem part = source._items[index];
            long bytes = (isNew ? 1 : part.Shape[axis]) * inner;
            for (long number = 0; number < outer; number++)
            {
                Buffer.MemoryCopy(part.Data + (number * bytes), target + (number * row), bytes, bytes);
            }

            target += bytes;
        }
    }

    private const int MaximumStackRank = 32;

    private int Find(string node, long position, int last)
    {
        long index = position < 0 ? position + Count : position;
        return index >= 0 && index <= last ? (int)index : throw new SequenceException($"{node}: position {position} is not in a sequence of {Count} tensors.");
    }

    private static void CheckShape(string node, ReadOnlySpan<long> shape, ReadOnlySpan<long> expected)
    {
        bool fits = shape.Length == expected.Length;
        for (int axis = 0; fits && axis < shape.Length; axis++)
        {
            fits = expected[axis] < 0 || shape[axis] == expected[axis];
        }

        if (!fits)
        {
            throw new SequenceException($"{node}: a tensor of shape {Describe(shape)} came, and {Describe(expected)} was expected.");
        }
    }

    private static string Describe(ReadOnlySpan<long> shape)
    {
        var sizes = new string[shape.Length];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            sizes[axis] = shape[axis] < 0 ? "?" : shape[axis].ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return $"[{string.Join(", ", sizes)}]";
    }
}
