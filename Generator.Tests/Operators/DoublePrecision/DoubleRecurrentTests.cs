using System.Runtime.InteropServices;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.DoublePrecision;

/// <summary>RNN, GRU and LSTM of float64 against their definitions.</summary>
public sealed class DoubleRecurrentTests : IDisposable
{
    private const int Steps = 5, Batch = 3, Size = 4, Hidden = 6;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("RNN", "forward", false, false, false)]
    [InlineData("RNN", "bidirectional", true, true, true)]
    [InlineData("GRU", "forward", false, false, false)]
    [InlineData("GRU", "reverse", true, true, false)]
    [InlineData("GRU", "bidirectional", true, false, true)]
    [InlineData("LSTM", "forward", false, false, false)]
    [InlineData("LSTM", "reverse", true, false, true)]
    [InlineData("LSTM", "bidirectional", true, true, false)]
    public void AgreesWithTheDefinition(string type, string direction, bool isFull, bool option, bool batchFirst)
    {
        int directions = direction == "bidirectional" ? 2 : 1;
        int gates = type switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        bool isLstm = type == "LSTM";
        long[] state = batchFirst ? [Batch, directions, Hidden] : [directions, Batch, Hidden];
        long[] xShape = batchFirst ? [Batch, Steps, Size] : [Steps, Batch, Size];
        double[] x = Doubles.Numbers("x", xShape), h = Given("h", state), c = Given("c", state);
        double[] b = Given("b", directions, 2 * gates * Hidden), p = Given("p", directions, 3 * Hidden);
        double[] w = Doubles.Numbers("w", directions, gates * Hidden, Size), r = Doubles.Numbers("r", directions, gates * Hidden, Hidden);
        int[] ends = isFull ? [5, 0, 3] : [Steps, Steps, Steps];

        // Weights of the run in the full cases, constant ones in the others.
        OnnxModelBuilder builder = new OnnxModelBuilder(22).Input("x", DataType.Double, [.. xShape.Select(static (size, axis) => axis < 2 ? (object)$"x{axis}" : size)]);
        List<(string, Tensor)> inputs = [("x", Tensor.Create(x, xShape))];
        void Operand(string name, double[] values, bool isInput, params long[] sizes)
        {
            if (isInput)
            {
                builder.Input(name, DataType.Double, [.. sizes.Cast<object>()]);
                inputs.Add((name, Tensor.Create(values, sizes)));
            }
            else
            {
                builder.Constant(name, DataType.Double, MemoryMarshal.AsBytes<double>(values), sizes);
            }
        }

        Operand("w", w, isFull, directions, gates * Hidden, Size);
        Operand("r", r, isFull, directions, gates * Hidden, Hidden);
        string[] operands = ["x", "w", "r"];
        if (isFull)
        {
            Operand("b", b, option, directions, 2 * gates * Hidden);
            Operand("h", h, true, state);
            builder.Input("lengths", DataType.Int32, Batch);
            inputs.Add(("lengths", Tensor.Create(ends, Batch)));
            operands = [.. operands, "b", "lengths", "h"];
            if (isLstm)
            {
                Operand("c", c, true, state);
                Operand("p", p, option, directions, 3 * Hidden);
                operands = [.. operands, "c", "p"];
            }
        }

        // The option: reset after the product for a GRU, coupled gates, a clip and other functions for the others.
        List<(string, object)> attributes = [("direction", direction), ("hidden_size", Hidden), ("layout", batchFirst ? 1 : 0)];
        Func<double, double>[] functions = isLstm ? [Sigmoid, Math.Tanh, Math.Tanh] : type == "GRU" ? [Sigmoid, Math.Tanh] : [Math.Tanh];
        double clip = double.PositiveInfinity;
        if (type == "GRU")
        {
            attributes.Add(("linear_before_reset", option ? 1 : 0));
        }
        else if (option)
        {
            functions = isLstm ? [static v => Math.Min(1, Math.Max(0, (0.25 * v) + 0.375)), static v => v >= 0 ? v : 0.5 * (Math.Exp(v) - 1), static v => Math.Log(1 + Math.Exp(v))] : [static v => 0.25 * Math.Tanh(0.375 * v)];
            string[] names = isLstm ? ["HardSigmoid", "Elu", "Softplus"] : ["ScaledTanh"];
            float[] alphas = isLstm ? [0.25f, 0.5f] : [0.25f];
            attributes.AddRange([("activations", Repeat(names)), ("activation_alpha", Repeat(alphas)), ("activation_beta", Repeat([0.375f])), ("clip", 0.75f)]);
            clip = 0.75;
            if (isLstm)
            {
                attributes.Add(("input_forget", 1));
            }
        }

        T[] Repeat<T>(T[] values) => [.. Enumerable.Repeat(values, directions).SelectMany(static list => list)];
        string[] outputs = ["y", "y_h", .. isLstm ? ["y_c"] : Array.Empty<string>()];
        builder.Node(type, operands, outputs, [.. attributes]);
        foreach (string output in outputs)
        {
            builder.Output(output, DataType.Double, [.. Enumerable.Range(0, output == "y" ? 4 : 3).Select(axis => (object)$"{output}{axis}")]);
        }

        using CompiledModel model = _models.Load($"Double{type}{direction}", builder);
        Dictionary<string, double[]> results = Run(1);
        Assert.Equal(results, Run(3));
        double[] Part(double[] values, int d) => values[(d * values.Length / directions)..((d + 1) * values.Length / directions)];
        for (int d = 0; d < directions; d++)
        {
            var reference = new RecurrentReference
            {
                Type = type, Hidden = Hidden, Functions = functions, Reverse = direction == "reverse" || d == 1, ResetsAfter = type == "GRU" && option, Couples = option && isLstm, Clip = clip,
            };
            for (int row = 0; row < Batch; row++)
            {
                int start = (batchFirst ? (row * directions) + d : (d * Batch) + row) * Hidden;
                double[][] sequence = [.. Enumerable.Range(0, Steps).Select(step => x.Skip((batchFirst ? (row * Steps) + step : (step * Batch) + row) * Size).Take(Size).ToArray())];
                (double[][] all, double[] last, double[] cell) =
                    reference.Run(sequence, Part(w, d), Part(r, d), Part(b, d), Part(p, d), h[start..(start + Hidden)], c[start..(start + Hidden)], ends[row]);
                Doubles.AreEqual(last, results["y_h"][start..(start + Hidden)]);
                if (isLstm)
                {
                    Doubles.AreEqual(cell, results["y_c"][start..(start + Hidden)]);
                }

                for (int step = 0; step < Steps; step++)
                {
                    int place = (batchFirst ? (((row * Steps) + step) * directions) + d : (((step * directions) + d) * Batch) + row) * Hidden;
                    Doubles.AreEqual(all[step], results["y"][place..(place + Hidden)]);
                }
            }
        }

        // What is not given counts as zeros.
        double[] Given(string name, params long[] sizes) => isFull ? Doubles.Numbers(name, sizes) : new double[sizes.Aggregate(1L, static (product, size) => product * size)];

        Dictionary<string, double[]> Run(int threads)
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            return session.Run(inputs.ToDictionary(static input => input.Item1, static input => input.Item2)).ToDictionary(static pair => pair.Key, static pair => pair.Value.AsSpan<double>().ToArray());
        }
    }

    [Fact]
    public void LengthsBeyondTheStepsAreRefusedByTheRun()
    {
        using CompiledModel model = _models.Load("DoubleLengths", new OnnxModelBuilder(14).Input("x", DataType.Double, 2, 1, 1).Input("w", DataType.Double, 1, 1, 1).Input("lengths", DataType.Int32, 1)
            .Node("RNN", ["x", "w", "w", "", "lengths"], ["y"], ("hidden_size", 1)).Output("y", DataType.Double, 2, 1, 1, 1));
        using CompiledSession session = model.CreateSession();
        Assert.Throws<DimensionOutOfBoundsException>(() => Doubles.Run(session, "y", ("x", Tensor.Create([1d, 2], 2, 1, 1)), ("w", Tensor.Create([1d], 1, 1, 1)), ("lengths", Tensor.Create([3], 1))));
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
