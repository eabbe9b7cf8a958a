using System.Runtime.InteropServices;
using Cameo.Descriptions;
using Cameo.States;

namespace Cameo.Sessions;

/// <content>States: what the session keeps from one run to the next.</content>
public abstract unsafe partial class CompiledSession
{
    private readonly List<StateBinding> _states = [];
    private int _fixedColumns;

    /// <summary>Columns presented to the key/value caches so far, padding included; 0 for a model without caches.</summary>
    public int Position => Sequence?.Position ?? 0;

    /// <summary>Tokens that each row of the caches holds; empty for a model without caches.</summary>
    public ReadOnlySpan<int> Lengths => Sequence is null ? default : Sequence.Lengths;

    /// <summary>Tokens that the longest row of the caches holds; 0 for a model without caches.</summary>
    public int Length => Sequence?.MaximumLength ?? 0;

    /// <summary>Tokens that a row of the caches can hold; 0 for a model without caches.</summary>
    public int Capacity => Sequence?.Capacity ?? 0;

    /// <summary>Bookkeeping of the key/value caches; <see langword="null"/> for a model without caches.</summary>
    protected SequenceState? Sequence { get; private set; }

    /// <summary>Replaces the content of a state, for example with what <see cref="ReadState"/> gave earlier. The tensor's shape gives its length.</summary>
    /// <param name="name">ONNX name of the state's input (its output's name is understood too).</param>
    /// <param name="value">The content.</param>
    /// <exception cref="ModelInputException">There is no such state, or the tensor does not fit.</exception>
    public void LoadState(string name, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        Enter();
        try
        {
            LoadState(FindState(name), value);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>A copy of a state's content.</summary>
    /// <param name="name">ONNX name of the state's output (its input's name is understood too).</param>
    /// <exception cref="ModelInputException">There is no such state.</exception>
    public Tensor ReadState(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Enter();
        try
        {
            return ReadStateCore(FindState(name));
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Empties all states.</summary>
    public void Reset()
    {
        Enter();
        try
        {
            ResetStates();
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Empties the states of one row of the batch.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">A state of the model is not kept by rows.</exception>
    public void Reset(int row)
    {
        Enter();
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            RewindStates(row, 0);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Shortens all rows to their first tokens.</summary>
    /// <param name="length">Tokens to keep; rows that hold fewer stay as they are.</param>
    /// <exception cref="ArgumentOutOfRangeException">No row holds as many.</exception>
    /// <exception cref="InvalidOperationException">A state of the model can't go back.</exception>
    public void Rewind(int length)
    {
        Enter();
        try
        {
            RewindStates(-1, length);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Shortens one row of the batch to its first tokens.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="length">Tokens to keep.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row, or it does not hold as many.</exception>
    /// <exception cref="InvalidOperationException">A state of the model can't go back.</exception>
    public void Rewind(int row, int length)
    {
        Enter();
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            RewindStates(row, length);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>A new session of the same model and options whose states hold the same; only what is in use is copied.</summary>
    public CompiledSession Fork()
    {
        Enter();
        try
        {
            CompiledSession fork = Model.CreateSession(Options);
            try
            {
                fork.CopyStatesFrom(this);
                return fork;
            }
            catch
            {
                fork.Dispose();
                throw;
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Creates the bookkeeping of the key/value caches. Called by the constructor of a model that has such states, before they are added.
    /// </summary>
    /// <param name="bound">Tokens per row that the model was compiled for.</param>
    /// <param name="option">The option that raises the bound, as the user writes it.</param>
    /// <param name="isFixed">Whether the model's caches have that length and no other; <see cref="SessionOptions.Capacity"/> does not shorten them.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="SessionOptions.Capacity"/> is more than the bound.</exception>
    protected SequenceState CreateSequence(int bound, string option, bool isFixed = false)
    {
        int capacity = Options.Capacity ?? bound;
        _fixedColumns = isFixed ? bound : 0;
        if (capacity > bound)
        {
            throw new ArgumentOutOfRangeException(
                "options", capacity, $"SessionOptions.Capacity can be at most {bound} for '{Description.Name}'; {option} raises it.");
        }

        Sequence = new SequenceState(isFixed ? bound : capacity, capacity < bound ? $"SessionOptions.Capacity (up to {bound})" : option);
        return Sequence;
    }

    /// <summary>Adds the next of the model's states: a key or value cache. States are added in the order of the description.</summary>
    /// <param name="elementType">Element type of the model's input and output: float32, float16 or bfloat16. The cache itself holds float32.</param>
    /// <param name="heads">Key/value heads.</param>
    /// <param name="headSize">Elements a head holds for a token.</param>
    protected KeyValueBuffer AddKeyValueState(ElementType elementType, int heads, int headSize)
    {
        SequenceState sequence = Sequence ?? throw new InvalidOperationException("The sequence must be created before its caches.");
        var buffer = new KeyValueBuffer(sequence, heads, headSize);
        _states.Add(new KeyValueStateBinding(sequence, buffer, elementType, _fixedColumns));
        return buffer;
    }

    /// <summary>Adds the next of the model's states: a key and a value cache that are one tensor [2, rows, heads, columns, headSize] to the model.</summary>
    /// <param name="elementType">Element type of the model's input and output: float32, float16 or bfloat16.</param>
    /// <param name="heads">Key/value heads.</param>
    /// <param name="headSize">Elements a head holds for a token, of keys and values alike.</param>
    /// <param name="values">The value cache.</param>
    /// <returns>The key cache.</returns>
    protected KeyValueBuffer AddCombinedState(ElementType elementType, int heads, int headSize, out KeyValueBuffer values)
    {
        SequenceState sequence = Sequence ?? throw new InvalidOperationException("The sequence must be created before its caches.");
        var keys = new KeyValueBuffer(sequence, heads, headSize);
        values = new KeyValueBuffer(sequence, heads, headSize);
        _states.Add(new CombinedStateBinding(sequence, keys, values, elementType, _fixedColumns));
        return keys;
    }

    /// <summary>Adds the next of the model's states: a whole tensor, zero at first.</summary>
    /// <param name="update">What runs do to it.</param>
    /// <param name="elementType">Type of the elements.</param>
    /// <param name="shape">Sizes of the dimensions; −1 for one that the first run or load settles.</param>
    protected CarriedState AddCarriedState(StateUpdate update, ElementType elementType, params ReadOnlySpan<long> shape) =>
        AddCarriedState(update, elementType, null, 0, shape);

    /// <summary>Adds the next of the model's states: a key or value cache of fixed size, as [rows, heads, columns, headSize], whose tokens the sequence counts.</summary>
    /// <param name="elementType">Type of the elements.</param>
    /// <param name="columnAxis">The dimension of the columns.</param>
    /// <param name="shape">Sizes of the dimensions; −1 for one that the first run or load settles.</param>
    protected CarriedState AddFixedCache(ElementType elementType, int columnAxis, params ReadOnlySpan<long> shape) =>
        AddCarriedState(StateUpdate.InPlace, elementType, Sequence, columnAxis, shape);

    /// <summary>Allocates the caches for the rows asked for, once all states are added; otherwise the first run does.</summary>
    protected void AllocateStates() => Sequence?.EnsureRows(Options.Batch ?? 1);

    /// <summary>Replaces the content of a state, for generated methods.</summary>
    /// <param name="index">Index among the model's states.</param>
    /// <param name="value">The content.</param>
    /// <param name="elements">Number of elements that really came.</param>
    /// <exception cref="ModelInputException">The shape does not fit the state or the number of elements.</exception>
    protected void LoadState(int index, TensorView value, long elements)
    {
        StateDescription state = Description.States[index];
        Enter();
        try
        {
            if (value.Shape.Length != state.Dimensions.Length)
            {
                throw new WrongRankException(state.InputName, state.Dimensions.Length, value.Shape.Length);
            }

            if (value.ElementCount != elements)
            {
                throw new WrongLengthException(state.InputName, value.ElementCount, elements);
            }

            LoadStateCore(index, value);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Replaces the content of a state.</summary>
    /// <param name="index">Index among the model's states.</param>
    /// <param name="value">The content; its element type has been checked.</param>
    protected virtual void LoadStateCore(int index, TensorView value) => _states[index].Load(Description.States[index].InputName, value);

    /// <summary>A copy of a state's content.</summary>
    /// <param name="index">Index among the model's states.</param>
    protected virtual Tensor ReadStateCore(int index) => _states[index].Read();

    /// <summary>Empties all states.</summary>
    protected virtual void ResetStates()
    {
        Sequence?.Reset();
        foreach (StateBinding state in _states)
        {
            state.Reset();
        }
    }

    /// <summary>Shortens all rows, or one.</summary>
    /// <param name="row">The row, or −1 for all.</param>
    /// <param name="length">Tokens to keep.</param>
    /// <exception cref="InvalidOperationException">A state can't go back, or there is none.</exception>
    protected virtual void RewindStates(int row, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        bool toTheBeginning = row < 0 && length == 0;
        if (!toTheBeginning && (Sequence is null || _states.Exists(static state => !state.CanRewind)))
        {
            throw new InvalidOperationException(
                $"'{Description.Name}' has no states that can be rewound, or one that only keeps the values of the last run: it can only go back to the beginning, with Rewind(0) or Reset().");
        }

        if (row < 0)
        {
            Sequence?.Rewind(length);
        }
        else
        {
            Sequence!.Rewind(row, length);
        }

        foreach (StateBinding state in _states)
        {
            state.Rewound(toTheBeginning);
        }
    }

    /// <summary>Copies what another session's states hold.</summary>
    /// <param name="source">A session of the same type.</param>
    protected virtual void CopyStatesFrom(CompiledSession source)
    {
        if (source.Sequence is not null)
        {
            Sequence!.CopyFrom(source.Sequence);
        }

        for (int index = 0; index < _states.Count; index++)
        {
            _states[index].CopyFrom(source._states[index]);
        }
    }

    private CarriedState AddCarriedState(StateUpdate update, ElementType elementType, SequenceState? sequence, int columnAxis, ReadOnlySpan<long> shape)
    {
        var state = new CarriedState(update, elementType.Bytes(), shape) { Name = Description.States[_states.Count].InputName };
        _states.Add(new CarriedStateBinding(state, elementType, shape.ToArray(), sequence, columnAxis));
        return state;
    }

    private void DisposeStates()
    {
        foreach (StateBinding state in _states)
        {
            state.Dispose();
        }

        Sequence?.Dispose();
    }

    private void LoadStates(IReadOnlyDictionary<string, Tensor> inputs)
    {
        try
        {
            for (int index = 0; index < Description.States.Length; index++)
            {
                if (inputs.TryGetValue(Description.States[index].InputName, out Tensor? tensor))
                {
                    LoadState(index, tensor);
                }
            }
        }
        catch
        {
            // Some states were replaced and some not: none of them means anything any more.
            ResetStates();
            throw;
        }
    }

    private void LoadState(int index, Tensor value)
    {
        StateDescription state = Description.States[index];
        CheckElementType(state.InputName, state.ElementType, value);
        if (value.Rank != state.Dimensions.Length)
        {
            throw new WrongRankException(state.InputName, state.Dimensions.Length, value.Rank);
        }

        fixed (byte* data = &MemoryMarshal.GetReference(value.Bytes))
        {
            LoadStateCore(index, new TensorView(data, value.ElementType, value.Shape));
        }
    }

    private int FindState(string name)
    {
        StateDescription[] states = Description.States;
        int index = Array.FindIndex(states, state => state.InputName == name || (state.OutputName.Length > 0 && state.OutputName == name));
        return index >= 0 ? index : throw new UnknownStateException(name, states.SelectMany(static state => new[] { state.InputName, state.OutputName }).Where(static known => known.Length > 0));
    }
}
