namespace Cameo.Kernels;

/// <summary>All steps of sequences of float64; an item is a sequence.</summary>
/// <param name="kind">The network.</param>
/// <param name="arguments">Memory and sizes.</param>
/// <param name="columns">Elements of a sequence's products: gates · hidden.</param>
internal readonly unsafe struct DoubleRecurrenceWork(RecurrentKind kind, DoubleRecurrentArguments arguments, nint columns) : IMoveWork
{
    public void Run(long begin, long end)
    {
        for (nint row = (nint)begin; row < end; row++)
        {
            RunSequence(row);
        }
    }

    private void RunSequence(nint row)
    {
        nint length = arguments.Lengths == null ? arguments.Steps : arguments.Lengths[row];
        Begin(arguments.InitialHidden, arguments.State, row);
        if (kind == RecurrentKind.Lstm)
        {
            Begin(arguments.InitialCell, arguments.Cell, row);
        }

        for (nint index = 0; index < length; index++)
        {
            nint time = arguments.IsReverse ? length - 1 - index : index;
            Step(row, arguments.Projections + (time * arguments.ProjectionStep) + (row * arguments.ProjectionRow));
            if (arguments.Outputs != null)
            {
                Row(arguments.State, row).CopyTo(Output(time, row));
            }
        }

        for (nint time = length; arguments.Outputs != null && time < arguments.Steps; time++)
        {
            Output(time, row).Clear();
        }
    }

    private void Begin(double* initial, double* state, nint row)
    {
        if (initial == null)
        {
            Row(state, row).Clear();
        }
        else
        {
            Row(initial, row).CopyTo(Row(state, row));
        }
    }

    private Span<double> Row(double* rows, nint row) => new(rows + (row * arguments.Hidden), (int)arguments.Hidden);

    private Span<double> Output(nint time, nint row) => new(arguments.Outputs + (time * arguments.OutputStep) + (row * arguments.OutputRow), (int)arguments.Hidden);

    private void Step(nint row, double* projection)
    {
        nint hidden = arguments.Hidden;
        double* state = arguments.State + (row * hidden);
        double* product = arguments.Products + (row * columns);
        bool resetsFirst = arguments.HiddenRecurrence != null;
        Multiply(state, arguments.Recurrence, product, resetsFirst ? 2 * hidden : columns);
        switch (kind)
        {
            case RecurrentKind.Lstm:
                Lstm(projection, product, state, arguments.Cell + (row * hidden));
                break;
            case RecurrentKind.Gru:
                if (resetsFirst)
                {
                    ResetFirst(projection, product, state, arguments.Reset + (row * hidden));
                }

                Gru(projection, product, state, resetsFirst);
                break;
            default:
                for (nint index = 0; index < hidden; index++)
                {
                    state[index] = arguments.Gate.Apply(Clip(projection[index] + product[index]));
                }

                break;
        }
    }

    /// <summary>The product of a row with weights [hidden, count].</summary>
    private void Multiply(double* state, double* weights, double* product, nint count)
    {
        new Span<double>(product, (int)count).Clear();
        for (nint depth = 0; depth < arguments.Hidden; depth++, weights += count)
        {
            for (nint column = 0; column < count; column++)
            {
                product[column] += state[depth] * weights[column];
            }
        }
    }

    private void Lstm(double* projection, double* product, double* state, double* cell)
    {
        nint hidden = arguments.Hidden;
        double* peepholes = arguments.Peepholes;
        for (nint index = 0; index < hidden; index++)
        {
            double Sum(nint gate) => projection[(gate * hidden) + index] + product[(gate * hidden) + index];
            double Peephole(nint gate, double value) => peepholes == null ? 0 : peepholes[(gate * hidden) + index] * value;
            double input = arguments.Gate.Apply(Clip(Sum(0) + Peephole(0, cell[index])));
            double forget = arguments.CouplesInputAndForget ? 1 - input : arguments.Gate.Apply(Clip(Sum(2) + Peephole(2, cell[index])));
            cell[index] = (forget * cell[index]) + (input * arguments.Candidate.Apply(Clip(Sum(3))));
            state[index] = arguments.Gate.Apply(Clip(Sum(1) + Peephole(1, cell[index]))) * arguments.Result.Apply(cell[index]);
        }
    }

    /// <summary>The hidden gate's product of the reset state, where a GRU resets before it.</summary>
    private void ResetFirst(double* projection, double* product, double* state, double* reset)
    {
        nint hidden = arguments.Hidden;
        for (nint index = 0; index < hidden; index++)
        {
            reset[index] = arguments.Gate.Apply(Clip(projection[hidden + index] + product[hidden + index])) * state[index];
        }

        Multiply(reset, arguments.HiddenRecurrence, product + (2 * hidden), hidden);
    }

    private void Gru(double* projection, double* product, double* state, bool isReset)
    {
        nint hidden = arguments.Hidden;
        for (nint index = 0; index < hidden; index++)
        {
            double update = arguments.Gate.Apply(Clip(projection[index] + product[index]));
            double candidate = product[(2 * hidden) + index];
            if (!isReset)
            {
                double reset = arguments.Gate.Apply(Clip(projection[hidden + index] + product[hidden + index]));
                candidate = reset * (candidate + (arguments.HiddenBias == null ? 0 : arguments.HiddenBias[index]));
            }

            candidate = arguments.Candidate.Apply(Clip(projection[(2 * hidden) + index] + candidate));
            state[index] = (update * state[index]) + ((1 - update) * candidate);
        }
    }

    private double Clip(double value) => Math.Min(Math.Max(value, -arguments.Clip), arguments.Clip);
}
