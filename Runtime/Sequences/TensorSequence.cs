using Cameo.Sessions;

namespace Cameo.Sequences;

/// <summary>
/// A sequence of tensors, or an optional, of a session: a list of references to tensors that sequences share. An optional tensor is a sequence of at most one tensor. What a run
/// leaves in one is valid until the session is used again.
/// </summary>
public sealed unsafe partial class TensorSequence
{
    private readonly SequencePool _pool;
    private readonly int _elementBytes;
    private readonly SessionTexts? _texts;
    private SequenceItem[] _items = [];

    /// <summary>An empty optional; <see cref="Begin"/> makes it an empty sequence.</summary>
    /// <param name="pool">Where the session's sequences have their memory.</param>
    /// <param name="elementType">Type of all tensors' elements.</param>
    /// <param name="texts">What the elements of string tensors are handles of; null for other types.</param>
    public TensorSequence(SequencePool pool, ElementType elementType, SessionTexts? texts = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        _pool = pool;
        _texts = texts;
        _elementBytes = elementType == ElementType.String ? sizeof(long) : elementType.Bytes();
        ElementType = elementType;
    }

    /// <summary>Type of all tensors' elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>Number of tensors.</summary>
    public int Count { get; private set; }

    /// <summary>Whether it is there: false for an optional that holds nothing, which is not the same as an empty sequence.</summary>
    public bool IsPresent { get; private set; }

    /// <summary>First element of the first tensor, for what is known to hold one.</summary>
    public byte* Data => _items[0].Data;

    /// <summary>A tensor, as it lies.</summary>
    /// <param name="index">Its position, from 0 on.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none at this position.</exception>
    public TensorView this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return new TensorView(_items[index].Data, ElementType, _items[index].Shape, _texts);
        }
    }

    /// <summary>Copies of all tensors, which stay valid; <see langword="null"/> for an optional that holds nothing.</summary>
    public TensorList? ToList()
    {
        if (!IsPresent)
        {
            return null;
        }

        var tensors = new Tensor[Count];
        for (int index = 0; index < tensors.Length; index++)
        {
            tensors[index] = this[index].ToTensor();
        }

        return new TensorList(ElementType, tensors);
    }

    /// <summary>Appends a copy of a tensor.</summary>
    /// <param name="tensor">The tensor, of the sequence's element type.</param>
    /// <exception cref="ArgumentException">An element of a string tensor is null.</exception>
    internal void Add(Tensor tensor)
    {
        if (_texts is not { } table)
        {
            fixed (byte* data = tensor.Bytes)
            {
                Add(data, tensor.Shape);
            }

            return;
        }

        Span<string> texts = tensor.Texts;
        long* handles = (long*)AppendNew(tensor.Shape).Data;
        for (int element = 0; element < texts.Length; element++)
        {
            handles[element] = texts[element] is { } text ? table.Handle(text) : throw new ArgumentException($"Element {element} of a string tensor in a sequence is null.");
        }
    }

    /// <summary>A size of the first tensor, for what is known to hold one.</summary>
    /// <param name="axis">Index of the dimension.</param>
    public long Size(int axis) => _items[0].Shape[axis];

    /// <summary>Makes it an optional that holds nothing.</summary>
    public void Clear()
    {
        // From the last on, so that a run that makes the same tensors gets the same blocks in the same order.
        for (int index = Count - 1; index >= 0; index--)
        {
            _pool.Release(_items[index]);
        }

        Array.Clear(_items, 0, Count);
        Count = 0;
        IsPresent = false;
    }

    /// <summary>Makes it an empty sequence.</summary>
    public void Begin()
    {
        Clear();
        IsPresent = true;
    }

    /// <summary>Holds what another one holds.</summary>
    /// <param name="source">The other one.</param>
    public void Assign(TensorSequence source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source == this)
        {
            return;
        }

        Clear();
        EnsureRoom(source.Count);
        for (int index = 0; index < source.Count; index++)
        {
            Append(source._items[index]);
        }

        IsPresent = source.IsPresent;
    }

    /// <summary>Takes what another one holds, which is empty then.</summary>
    /// <param name="source">The other one.</param>
    public void Take(TensorSequence source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source == this)
        {
            return;
        }

        Clear();
        (_items, source._items) = (source._items, _items);
        (Count, source.Count) = (source.Count, 0);
        (IsPresent, source.IsPresent) = (source.IsPresent, false);
    }

    /// <summary>Ends the run where there is nothing.</summary>
    /// <param name="node">The operator, for the message.</param>
    /// <exception cref="SequenceException">It is an optional that holds nothing.</exception>
    public void RequirePresent(string node)
    {
        if (!IsPresent)
        {
            throw new SequenceException($"{node}: the optional is empty.");
        }
    }

    private void Append(SequenceItem item)
    {
        EnsureRoom(Count + 1);
        _items[Count++] = item;
        item.References++;
    }

    private void EnsureRoom(int count)
    {
        if (count > _items.Length)
        {
            Array.Resize(ref _items, Math.Max(count, Math.Max(4, _items.Length * 2)));
        }
    }

    /// <summary>A new tensor at the end, whose content is to be written.</summary>
    private SequenceItem AppendNew(ReadOnlySpan<long> shape)
    {
        SequenceItem item = _pool.Rent(checked(ElementTypes.CountElements(shape) * _elementBytes));
        item.SetShape(shape);
        Append(item);
        return item;
    }
}
