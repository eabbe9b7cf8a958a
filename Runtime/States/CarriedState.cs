using System.Runtime.InteropServices;

namespace Cameo.States;

/// <summary>
/// A state that is a whole tensor, such as the hidden vectors of a recurrent layer or a key/value cache of fixed size: zero at first, then what
/// the last run (or a load) left behind. Sizes that are open are settled by the first run or load; after that they stay until <see cref="Reset"/>.
/// </summary>
/// <remarks>A run calls <see cref="Begin"/>, reads <see cref="Data"/>, writes <see cref="Next"/>, and calls <see cref="Commit"/>; nothing is copied. A run that
/// fails before that has not changed a state that is <see cref="StateUpdate.Replaced"/>.</remarks>
public sealed unsafe class CarriedState : IDisposable
{
    private const nuint Alignment = 64;

    private readonly long[] _declared;
    private readonly long[] _shape;
    private readonly int _elementBytes;
    private byte* _data;
    private byte* _next;
    private nuint _dataBytes;
    private nuint _nextBytes;

    /// <summary>Creates a state; where no size is open it is allocated and zero.</summary>
    /// <param name="update">What runs do to it.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    /// <param name="shape">Sizes of the dimensions; −1 for one that the first run or load settles.</param>
    public CarriedState(StateUpdate update, int elementBytes, params ReadOnlySpan<long> shape)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(elementBytes);
        Update = update;
        _elementBytes = elementBytes;
        _declared = shape.ToArray();
        _shape = new long[shape.Length];
        if (!shape.Contains(-1))
        {
            Resize(shape);
        }
    }

    /// <summary>Frees the memory of a state that was not disposed.</summary>
    ~CarriedState() => Free();

    /// <summary>What runs do to it.</summary>
    public StateUpdate Update { get; }

    /// <summary>ONNX name of the state's input, for messages.</summary>
    public string Name { get; init; } = "state";

    /// <summary>Whether it holds nothing: no run and no load since it was made or reset. Its sizes may still change.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Sizes of the dimensions at the moment; 0 for those that nothing has settled yet.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>Bytes of the content.</summary>
    public long Bytes { get; private set; }

    /// <summary>What a run reads, 64-byte aligned. Null before the sizes are known.</summary>
    public byte* Data => _data;

    /// <summary>Where a run writes what it leaves behind: a second buffer for a state that is <see cref="StateUpdate.Replaced"/>, else the same.</summary>
    public byte* Next => Update == StateUpdate.Replaced ? _next : _data;

    /// <summary>Prepares a run: an empty state takes the run's sizes.</summary>
    /// <param name="shape">The sizes this run needs.</param>
    /// <exception cref="StateNotLoadedException">The state is <see cref="StateUpdate.Kept"/> and was not loaded.</exception>
    /// <exception cref="DimensionMismatchException">The state holds something of another size.</exception>
    public void Begin(params ReadOnlySpan<long> shape)
    {
        if (IsEmpty)
        {
            if (Update == StateUpdate.Kept)
            {
                throw new StateNotLoadedException(Name);
            }

            if (_data is null || !shape.SequenceEqual(_shape))
            {
                Resize(shape);
            }
        }
        else
        {
            for (int axis = 0; axis < shape.Length; axis++)
            {
                if (shape[axis] != _shape[axis])
                {
                    throw new DimensionMismatchException(Name, axis, "", shape[axis], _shape[axis]);
                }
            }
        }

        if (Update == StateUpdate.Replaced && (_next is null || _nextBytes < (nuint)Bytes))
        {
            Allocate(ref _next, ref _nextBytes);
        }
    }

    /// <summary>Makes what the run wrote the content.</summary>
    public void Commit()
    {
        IsEmpty = false;
        if (Update == StateUpdate.Replaced)
        {
            byte* data = _data;
            _data = _next;
            _next = data;
            (_dataBytes, _nextBytes) = (_nextBytes, _dataBytes);
        }
    }

    /// <summary>Sets all elements to zero; sizes that are declared open may change again.</summary>
    public void Reset()
    {
        IsEmpty = true;
        NativeMemory.Clear(_data, (nuint)Bytes);
    }

    /// <summary>Replaces the content.</summary>
    /// <param name="source">All elements, row-major.</param>
    /// <param name="shape">Their sizes; they must fit the declared ones.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or another number of bytes came.</exception>
    public void Load(ReadOnlySpan<byte> source, params ReadOnlySpan<long> shape)
    {
        Resize(shape);
        CheckLength(source.Length, nameof(source));
        source.CopyTo(new Span<byte>(_data, source.Length));
        IsEmpty = false;
    }

    /// <summary>Reads the content.</summary>
    /// <param name="destination">Room for exactly <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">There is room for another number of bytes.</exception>
    public void Read(Span<byte> destination)
    {
        CheckLength(destination.Length, nameof(destination));
        new ReadOnlySpan<byte>(_data, destination.Length).CopyTo(destination);
    }

    /// <summary>Copies sizes and content of the same state of another session.</summary>
    /// <param name="source">A state declared with the same sizes.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public void CopyFrom(CarriedState source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source._data is null)
        {
            IsEmpty = true;
            return;
        }

        if (source._elementBytes != _elementBytes)
        {
            throw new ArgumentException($"The state has elements of {_elementBytes} bytes, the one to copy of {source._elementBytes}.", nameof(source));
        }

        Resize(source._shape);
        NativeMemory.Copy(source._data, _data, (nuint)Bytes);
        IsEmpty = source.IsEmpty;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void CheckLength(int length, string parameter)
    {
        if (length != Bytes)
        {
            throw new ArgumentException($"The state has {Bytes} bytes, but {length} came.", parameter);
        }
    }

    /// <summary>Takes other sizes. Memory that is large enough stays where it is; its content is zero.</summary>
    private void Resize(ReadOnlySpan<long> shape)
    {
        bool fits = shape.Length == _declared.Length;
        long bytes = _elementBytes;
        for (int axis = 0; fits && axis < shape.Length; axis++)
        {
            fits = shape[axis] >= 0 && (_declared[axis] < 0 || _declared[axis] == shape[axis]);
            bytes = checked(bytes * shape[axis]);
        }

        if (!fits)
        {
            throw new ArgumentException($"The shape [{string.Join(", ", shape.ToArray())}] does not fit a state of [{string.Join(", ", _declared)}].", nameof(shape));
        }

        shape.CopyTo(_shape);
        Bytes = bytes;
        if (_data is null || _dataBytes < (nuint)bytes)
        {
            Allocate(ref _data, ref _dataBytes);
        }

        NativeMemory.Clear(_data, (nuint)bytes);
    }

    private void Allocate(ref byte* memory, ref nuint allocated)
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
        allocated = (nuint)Math.Max(Bytes, 1);
        memory = (byte*)NativeMemory.AlignedAlloc(allocated, Alignment);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        NativeMemory.AlignedFree(_next);
        _data = null;
        _next = null;
    }
}
