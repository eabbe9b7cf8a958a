using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One step of one sequence.</summary>
internal readonly unsafe struct RecurrentRow(RecurrentStep step, nint row, nint time) : IVectorAction
{
    private readonly RecurrentArguments _arguments = step.Arguments;
    private readonly RecurrentKind _kind = step.Kind;
    private readonly bool _isReset = step.IsReset;
    private readonly float* _projection = step.Arguments.Projections + (time * step.Arguments.ProjectionStep) + (row * step.Arguments.ProjectionRow);
    private readonly float* _product = step.Arguments.Products + (row * step.Columns);
    private readonly float* _state = step.Arguments.State + (row * step.Arguments.Hidden);
    private readonly float* _cell = step.Arguments.Cell + (row * step.Arguments.Hidden);
    private readonly float* _reset = step.Arguments.Reset + (row * step.Arguments.Hidden);
    private readonly float* _output = step.Arguments.Outputs == null ? null : step.Arguments.Outputs + (time * step.Arguments.OutputStep) + (row * step.Arguments.OutputRow);

    public void Run<V>()
        where V : struct, IVector<V>
    {
        nint hidden = _arguments.Hidden;
        nint index = 0;
        for (; index <= hidden - V.Count; index += V.Count)
        {
            Elements<V>(index);
        }

        for (; index < hidden; index++)
        {
            Elements<ScalarFloat>(index);
        }
    }

    private void Elements<V>(nint index)
        where V : struct, IVector<V>
    {
        switch (_kind)
        {
            case RecurrentKind.Lstm:
                Lstm<V>(index);
                break;
            case RecurrentKind.Gru when _isReset:
                ResetGates<V>(index);
                break;
            case RecurrentKind.Gru:
                Gru<V>(index);
                break;
            default:
                Finish(_arguments.Gate.Apply(Clip(Sum<V>(0, index))), index);
                break;
        }
    }

    private void Lstm<V>(nint index)
        where V : struct, IVector<V>
    {
        V cell = V.Load(_cell + index);
        float* peepholes = _arguments.Peepholes;
        nint hidden = _arguments.Hidden;
        V inputSum = Sum<V>(0, index);
        V forgetSum = Sum<V>(2, index);
        if (peepholes != null)
        {
            inputSum = V.MultiplyAdd(V.Load(peepholes + index), cell, inputSum);
            forgetSum = V.MultiplyAdd(V.Load(peepholes + (2 * hidden) + index), cell, forgetSum);
        }

        V input = _arguments.Gate.Apply(Clip(inputSum));
        V forget = _arguments.CouplesInputAndForget ? V.One - input : _arguments.Gate.Apply(Clip(forgetSum));
        V candidate = _arguments.Candidate.Apply(Clip(Sum<V>(3, index)));
        cell = V.MultiplyAdd(forget, cell, input * candidate);
        V outputSum = Sum<V>(1, index);
        if (peepholes != null)
        {
            outputSum = V.MultiplyAdd(V.Load(peepholes + hidden + index), cell, outputSum);
        }

        V output = _arguments.Gate.Apply(Clip(outputSum));
        V.Store(cell, _cell + index);
        Finish(output * _arguments.Result.Apply(cell), index);
    }

    /// <summary>The update gate stays in the products until the second half of the step.</summary>
    private void ResetGates<V>(nint index)
        where V : struct, IVector<V>
    {
        V update = _arguments.Gate.Apply(Clip(Sum<V>(0, index)));
        V reset = _arguments.Gate.Apply(Clip(Sum<V>(1, index)));
        V.Store(update, _product + index);
        V.Store(reset * V.Load(_state + index), _reset + index);
    }

    private void Gru<V>(nint index)
        where V : struct, IVector<V>
    {
        nint hidden = _arguments.Hidden;
        V update;
        V candidate;
        if (_arguments.HiddenRecurrence != null)
        {
            update = V.Load(_product + index);
            candidate = Sum<V>(2, index);
        }
        else
        {
            update = _arguments.Gate.Apply(Clip(Sum<V>(0, index)));
            V reset = _arguments.Gate.Apply(Clip(Sum<V>(1, index)));
            V product = V.Load(_product + (2 * hidden) + index);
            product = _arguments.HiddenBias == null ? product : product + V.Load(_arguments.HiddenBias + index);
            candidate = V.MultiplyAdd(reset, product, V.Load(_projection + (2 * hidden) + index));
        }

        V result = _arguments.Candidate.Apply(Clip(candidate));
        Finish(V.MultiplyAdd(update, V.Load(_state + index), (V.One - update) * result), index);
    }

    /// <summary>What the inputs and the hidden state add up to for a gate.</summary>
    private V Sum<V>(nint gate, nint index)
        where V : struct, IVector<V>
    {
        nint position = (gate * _arguments.Hidden) + index;
        return V.Load(_projection + position) + V.Load(_product + position);
    }

    private V Clip<V>(V value)
        where V : struct, IVector<V> =>
        float.IsPositiveInfinity(_arguments.Clip) ? value : V.Min(V.Max(value, V.Broadcast(-_arguments.Clip)), V.Broadcast(_arguments.Clip));

    private void Finish<V>(V state, nint index)
        where V : struct, IVector<V>
    {
        V.Store(state, _state + index);
        if (_output != null)
        {
            V.Store(state, _output + index);
        }
    }
}
