namespace Cameo.Tests.ControlFlow;

/// <summary>ONNX's recurrent operators in double precision, element by element, for one direction.</summary>
internal sealed class RecurrentReference
{
    public required string Type { get; init; }

    public required int Hidden { get; init; }

    public required Func<double, double>[] Functions { get; init; }

    public bool Reverse { get; init; }

    public bool ResetsAfter { get; init; }

    public bool Couples { get; init; }

    public double Clip { get; init; } = double.PositiveInfinity;

    private int Gates => Type switch { "LSTM" => 4, "GRU" => 3, _ => 1 };

    /// <summary>Runs one sequence of inputs; returns the hidden state of every step (zeros behind the end), the last one and the last cell.</summary>
    public (double[][] All, double[] Last, double[] Cell) Run(double[][] x, double[] w, double[] r, double[] b, double[] p, double[] h, double[] c, int length)
    {
        int size = x[0].Length;
        double[][] all = [.. x.Select(_ => new double[Hidden])];
        for (int index = 0; index < length; index++)
        {
            int time = Reverse ? length - 1 - index : index;
            double Input(int gate, int row) => Enumerable.Range(0, size).Sum(k => x[time][k] * w[(((gate * Hidden) + row) * size) + k]) + b[(gate * Hidden) + row];
            double Recurrent(int gate, int row, double[] state) =>
                Enumerable.Range(0, Hidden).Sum(k => state[k] * r[(((gate * Hidden) + row) * Hidden) + k]) + b[((Gates + gate) * Hidden) + row];
            double Cut(double value) => Math.Min(Math.Max(value, -Clip), Clip);
            double[] next = new double[Hidden];
            double[] old = h;
            double[] reset = [.. Enumerable.Range(0, Hidden).Select(row => Type == "GRU" ? Functions[0](Cut(Input(1, row) + Recurrent(1, row, old))) : 0)];
            double[] resetState = [.. old.Zip(reset, static (state, gate) => state * gate)];
            for (int row = 0; row < Hidden; row++)
            {
                switch (Type)
                {
                    case "LSTM":
                        double i = Functions[0](Cut(Input(0, row) + Recurrent(0, row, old) + (p[row] * c[row])));
                        double f = Couples ? 1 - i : Functions[0](Cut(Input(2, row) + Recurrent(2, row, old) + (p[(2 * Hidden) + row] * c[row])));
                        c[row] = (f * c[row]) + (i * Functions[1](Cut(Input(3, row) + Recurrent(3, row, old))));
                        double o = Functions[0](Cut(Input(1, row) + Recurrent(1, row, old) + (p[Hidden + row] * c[row])));
                        next[row] = o * Functions[2](c[row]);
                        break;
                    case "GRU":
                        double z = Functions[0](Cut(Input(0, row) + Recurrent(0, row, old)));
                        double candidate = Input(2, row) + (ResetsAfter ? reset[row] * Recurrent(2, row, old) : Recurrent(2, row, resetState));
                        next[row] = ((1 - z) * Functions[1](Cut(candidate))) + (z * old[row]);
                        break;
                    default:
                        next[row] = Functions[0](Cut(Input(0, row) + Recurrent(0, row, old)));
                        break;
                }
            }

            h = next;
            all[time] = next;
        }

        return (all, h, c);
    }
}
