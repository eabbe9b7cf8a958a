using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One head of the state over all steps; vectors run along the elements of a value.</summary>
internal readonly unsafe struct LinearAttentionLoop(LinearAttentionArguments arguments) : IRowLoop
{
    private readonly LinearAttentionArguments _a = arguments;

    public void Run<V>(long row)
        where V : struct, IVector<V>
    {
        nint batch = (nint)row / _a.StateHeads, head = (nint)row % _a.StateHeads;
        nint stateSize = _a.KeySize * _a.ValueSize;
        float* state = _a.State + ((nint)row * stateSize);
        if (_a.Past is null)
        {
            new Span<float>(state, checked((int)stateSize)).Clear();
        }
        else if (_a.Past != _a.State)
        {
            Buffer.MemoryCopy(_a.Past + ((nint)row * stateSize), state, stateSize * sizeof(float), stateSize * sizeof(float));
        }

        for (nint step = 0; step < _a.Sequence; step++)
        {
            Step<V>((batch * _a.Sequence) + step, head, state, _a.Scratch + ((nint)row * _a.ValueSize));
        }
    }

    /// <param name="position">Row of the batch and step.</param>
    /// <param name="head">Head of the state.</param>
    /// <param name="state">The head's matrix [key size, value size].</param>
    /// <param name="update">Room for a value.</param>
    private void Step<V>(nint position, nint head, float* state, float* update)
        where V : struct, IVector<V>
    {
        float* key = _a.Key + (((position * _a.KeyHeads) + (head * _a.KeyHeads / _a.StateHeads)) * _a.KeySize);
        float* value = _a.Value + (((position * _a.StateHeads) + head) * _a.ValueSize);
        if (_a.Decay is not null)
        {
            float* decay = _a.Decay + (((position * _a.StateHeads) + head) * _a.DecaySize);
            for (nint element = 0; element < _a.KeySize; element++)
            {
                Scale<V>(state + (element * _a.ValueSize), VectorMath.Exp(new ScalarFloat(decay[_a.DecaySize == 1 ? 0 : element])).Value);
            }
        }

        if (_a.Beta is not null)
        {
            // What the state holds for the key is replaced by the value to the degree of the rate.
            Read<V>(state, key, update, 1);
            Correct<V>(value, update, _a.Beta[(position * _a.Rates) + (_a.Rates == 1 ? 0 : head)]);
            value = update;
        }

        for (nint element = 0; element < _a.KeySize; element++)
        {
            AddScaled<V>(value, key[element], state + (element * _a.ValueSize));
        }

        WriteResults<V>(position, head, state);
    }

    /// <summary>All query heads that read the head's state, or the one query head that several state heads share.</summary>
    private void WriteResults<V>(nint position, nint head, float* state)
        where V : struct, IVector<V>
    {
        nint heads = Math.Max(_a.QueryHeads, _a.StateHeads), group = Math.Max(1, _a.QueryHeads / _a.StateHeads);
        for (nint result = head * group; result < (head + 1) * group; result++)
        {
            float* query = _a.Query + (((position * _a.QueryHeads) + (result * _a.QueryHeads / heads)) * _a.KeySize);
            Read<V>(state, query, _a.Output + (((position * heads) + result) * _a.ValueSize), _a.Scale);
        }
    }

    /// <summary>result = scale · Sᵀx, element by element, so that the order of the sum is the same for every width.</summary>
    private void Read<V>(float* state, float* x, float* result, float scale)
        where V : struct, IVector<V>
    {
        nint column = 0;
        for (; column <= _a.ValueSize - V.Count; column += V.Count)
        {
            V.Store(Read<V>(state + column, x) * V.Broadcast(scale), result + column);
        }

        for (; column < _a.ValueSize; column++)
        {
            result[column] = (Read<ScalarFloat>(state + column, x) * new ScalarFloat(scale)).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Read<V>(float* column, float* x)
        where V : struct, IVector<V>
    {
        V sum = V.Zero;
        for (nint element = 0; element < _a.KeySize; element++)
        {
            sum = V.MultiplyAdd(V.Load(column + (element * _a.ValueSize)), V.Broadcast(x[element]), sum);
        }

        return sum;
    }

    private void Scale<V>(float* target, float factor)
        where V : struct, IVector<V>
    {
        nint column = 0;
        for (; column <= _a.ValueSize - V.Count; column += V.Count)
        {
            V.Store(V.Load(target + column) * V.Broadcast(factor), target + column);
        }

        for (; column < _a.ValueSize; column++)
        {
            target[column] *= factor;
        }
    }

    /// <summary>update = rate · (value - update).</summary>
    private void Correct<V>(float* value, float* update, float rate)
        where V : struct, IVector<V>
    {
        nint column = 0;
        for (; column <= _a.ValueSize - V.Count; column += V.Count)
        {
            V.Store(V.Broadcast(rate) * (V.Load(value + column) - V.Load(update + column)), update + column);
        }

        for (; column < _a.ValueSize; column++)
        {
            update[column] = rate * (value[column] - update[column]);
        }
    }

    /// <summary>target += factor · x.</summary>
    private void AddScaled<V>(float* x, float factor, float* target)
        where V : struct, IVector<V>
    {
        nint column = 0;
        for (; column <= _a.ValueSize - V.Count; column += V.Count)
        {
            V.Store(V.MultiplyAdd(V.Load(x + column), V.Broadcast(factor), V.Load(target + column)), target + column);
        }

        for (; column < _a.ValueSize; column++)
        {
            target[column] = ScalarFloat.MultiplyAdd(new ScalarFloat(x[column]), new ScalarFloat(factor), new ScalarFloat(target[column])).Value;
        }
    }
}
