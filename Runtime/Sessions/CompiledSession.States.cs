using System.Runtime.InteropServices;
using Cameo.Descriptions;

namespace Cameo.Sessions;

/// <content>States: what the session keeps from one run to the next.</content>
public abstract unsafe partial class CompiledSession
{
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
    public void Reset(int row)
    {
        Enter();
        try
        {
            ResetStates(row);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Shortens all rows to their first tokens.</summary>
    /// <param name="length">Tokens to keep; rows that hold fewer stay as they are.</param>
    public void Rewind(int length)
    {
        Enter();
        try
        {
            RewindStates(length);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Shortens one row of the batch to its first tokens.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="length">Tokens to keep.</param>
    public void Rewind(int row, int length)
    {
        Enter();
        try
        {
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

    /// <summary>Replaces the content of a state.</summary>
    /// <param name="index">Index among the model's states.</param>
    /// <param name="value">The content; its element type has been checked.</param>
    protected virtual void LoadStateCore(int index, TensorView value) => throw NoStates();

    /// <summary>A copy of a state's content.</summary>
    /// <param name="index">Index among the model's states.</param>
    protected virtual Tensor ReadStateCore(int index) => throw NoStates();

    /// <summary>Empties all states.</summary>
    protected virtual void ResetStates()
    {
    }

    /// <summary>Empties the states of one row.</summary>
    /// <param name="row">The row, counted from 0.</param>
    protected virtual void ResetStates(int row) => throw NoStates();

    /// <summary>Shortens all rows.</summary>
    /// <param name="length">Tokens to keep.</param>
    protected virtual void RewindStates(int length) => throw NoStates();

    /// <summary>Shortens one row.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="length">Tokens to keep.</param>
    protected virtual void RewindStates(int row, int length) => throw NoStates();

    /// <summary>Copies what another session's states hold.</summary>
    /// <param name="source">A session of the same type.</param>
    protected virtual void CopyStatesFrom(CompiledSession source)
    {
    }

    /// <summary>Frees the memory of the states.</summary>
    protected virtual void DisposeStates()
    {
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
        int index = Array.FindIndex(states, state => state.InputName == name || state.OutputName == name);
        return index >= 0 ? index : throw new UnknownStateException(name, states.SelectMany(static state => new[] { state.InputName, state.OutputName }));
    }

    private InvalidOperationException NoStates() => new($"'{Description.Name}' has no states of this kind.");
}
