using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>RNN, GRU and LSTM against a reference in double precision.</summary>
public sealed class RecurrentTests : IDisposable
{
    private const int Steps = 5, Batch = 3, Size = 7;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("RNN", "forward", 4, true, false, false, false)]
    [InlineData("RNN", "bidirectional", 33, true, true, false, false)]
    [InlineData("GRU", "reverse", 19, true, true, false, false)]
    [InlineData("GRU", "bidirectional", 19, true, true, true, false)]
    [InlineData("GRU", "forward", 5, false, false, true, true)]
    [InlineData("LSTM", "forward", 16, true, false, false, false)]
    [InlineData("LSTM", "bidirectional", 35, true, true, false, false)]
    [InlineData("LSTM", "reverse", 6, false, true, true, false)]
    [InlineData("LSTM", "bidirectional", 9, false, false, true, true)]
    public void AgreesWithTheReference(string type, string direction, int hidden, bool constant, bool lengths, bool option, bool batchFirst)
    {
        int directions = direction == "bidirectional" ? 2 : 1;
        int gates = type switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        var random = new Random(hidden + directions);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => ((random.NextSingle() * 2) - 1) * 0.7f)];
        float[] x = Numbers(Steps * Batch * Size);
        float[] w = Numbers(directions * gates * hidden * Size), r = Numbers(directions * gates * hidden * hidden), b = Numbers(directions * 2 * gates * hidden);
        float[] h = Numbers(directions * Batch * hidden), c = Numbers(directions * Batch * hidden), p = Numbers(directions * 3 * hidden);
        int[] ends = lengths ? [5, 2, 4] : [Steps, Steps, Steps];
        long[] state = batchFirst ? [Batch, directions, hidden] : [directions, Batch, hidden];
        bool isLstm = type == "LSTM";

        var builder = new OnnxModelBuilder(opset: 14);
        var inputs = new List<(string, Tensor)> { ("x", Tensor.Create(x, batchFirst ? [Batch, Steps, Size] : [Steps, Batch, Size])), ("h", Tensor.Create(h, state)) };
        builder.Input("x", batchFirst ? [Batch, "steps", Size] : ["steps", Batch, Size]).Input("h", [.. state]);
        void Parameter(string name, float[] values, params long[] sizes)
        {
            if (constant)
            {
                builder.Constant(name, values, sizes);
            }
            else
            {
                builder.Input(name, [.. sizes.Cast<object>()]);
                inputs.Add((name, Tensor.Create(values, sizes)));
            }
        }

        Parameter("w", w, directions, gates * hidden, Size);
        Parameter("r", r, directions, gates * hidden, hidden);
        Parameter("b", b, directions, 2 * gates * hidden);
        if (isLstm)
        {
            Parameter("p", p, directions, 3 * hidden);
            Parameter("c", c, state);
        }

        if (lengths)
        {
            builder.Input("lengths", DataType.Int32, Batch);
            inputs.Add(("lengths", Tensor.Create(ends, Batch)));
        }

        // The option: reset after the product for a GRU, coupled gates and other functions for an LSTM.
        var attributes = new List<(string, object)> { ("direction", direction), ("hidden_size", hidden), ("layout", batchFirst ? 1 : 0) };
        Func<double, double>[] functions = isLstm ? [Sigmoid, Math.Tanh, Math.Tanh] : type == "GRU" ? [Sigmoid, Math.Tanh] : [Math.Tanh];
        if (type == "GRU")
        {
            attributes.Add(("linear_before_reset", option ? 1 : 0));
        }
        else if (option)
        {
            functions = [static v => Math.Min(1, Math.Max(0, (0.3 * v) + 0.4)), static v => v >= 0 ? v : 0.5 * v, static v => v / (1 + Math.Abs(v))];
            attributes.Add(("input_forget", 1));
            attributes.Add(("clip", 0.8f));
            attributes.Add(("activations", Enumerable.Repeat(new[] { "HardSigmoid", "LeakyRelu", "Softsign" }, directions).SelectMany(static list => list).ToArray()));
            attributes.Add(("activation_alpha", Enumerable.Repeat(new[] { 0.3f, 0.5f }, directions).SelectMany(static list => list).ToArray()));
            attributes.Add(("activation_beta", Enumerable.Repeat(0.4f, directions).ToArray()));
        }

        string[] operands = ["x", "w", "r", "b", lengths ? "lengths" : "", "h", .. isLstm ? ["c", "p"] : Array.Empty<string>()];
        string[] outputs = ["y", "y_h", .. isLstm ? ["y_c"] : Array.Empty<string>()];
        builder.Node(type, operands, outputs, [.. attributes]);
        foreach (string output in outputs)
        {
            builder.Output(output, [.. Enumerable.Range(0, output == "y" ? 4 : 3).Select(axis => (object)$"{output}{axis}")]);
        }

        using CompiledModel model = _models.Load($"{type}{direction}{hidden}", builder);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(inputs.ToDictionary(static input => input.Item1, static input => input.Item2));
        float[] y = results["y"].AsSpan<float>().ToArray(), last = results["y_h"].AsSpan<float>().ToArray();
        for (int d = 0; d < directions; d++)
        {
            var reference = new RecurrentReference
            {
                Type = type, Hidden = hidden, Functions = functions, Reverse = direction == "reverse" || d == 1, ResetsAfter = option,
                Couples = option && isLstm, Clip = option && isLstm ? 0.8 : double.PositiveInfinity,
            };
            for (int row = 0; row < Batch; row++)
            {
                int At(int step) => batchFirst ? ((row * Steps) + step) * Size : ((step * Batch) + row) * Size;
                int start = (batchFirst ? (row * directions) + d : (d * Batch) + row) * hidden;
                double[][] sequence = [.. Enumerable.Range(0, Steps).Select(step => x.Skip(At(step)).Take(Size).Select(static v => (double)v).ToArray())];
                double[] Doubles(float[] values) => [.. values.Skip(start).Take(hidden).Select(static v => (double)v)];
                (double[][] all, double[] end, double[] cell) = reference.Run(
                    sequence, Part(w, d, directions), Part(r, d, directions), Part(b, d, directions), Part(p, d, directions), Doubles(h), Doubles(c), ends[row]);
                AssertClose(end, last, start);
                if (isLstm)
                {
                    AssertClose(cell, results["y_c"].AsSpan<float>().ToArray(), start);
                }

                for (int step = 0; step < Steps; step++)
                {
                    AssertClose(all[step], y, (batchFirst ? (((row * Steps) + step) * directions) + d : (((step * directions) + d) * Batch) + row) * hidden);
                }
            }
        }
    }

    [Fact]
    public void LengthsBeyondTheStepsAreRefusedByTheRun()
    {
        using CompiledModel model = _models.Load("Lengths", new OnnxModelBuilder(opset: 14).Input("x", 2, 1, 1).Input("lengths", DataType.Int32, 1).Weight("w", 1, 1, 1).Weight("r", 1, 1, 1)
            .Node("RNN", ["x", "w", "r", "", "lengths"], ["y"], ("hidden_size", 1)).Output("y", 2, 1, 1, 1));
        using CompiledSession session = model.CreateSession();
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f], 2, 1, 1)), ("lengths", Tensor.Create([3], 1))));
        Assert.Equal(0, SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f], 2, 1, 1)), ("lengths", Tensor.Create([1], 1)))[1]);
    }

    [Theory]
    [InlineData("hidden_size", 5L, "hidden_size")]
    [InlineData("direction", "sideways", "sideways")]
    [InlineData("activations", "Cosine", "Cosine")]
    public void WrongAttributesAreRefused(string name, object value, string reason) =>
        Assert.Contains(reason, _models.Refusal("Wrong", new OnnxModelBuilder(opset: 14).Input("x", 2, 1, 3).Weight("w", 1, 4, 3).Weight("r", 1, 4, 4)
            .Node("RNN", ["x", "w", "r"], ["y"], (name, name == "activations" ? new[] { (string)value } : value)).Output("y", 2, 1, 1, 4)));

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));

    private static double[] Part(float[] values, int direction, int directions) =>
        [.. values[(direction * values.Length / directions)..((direction + 1) * values.Length / directions)].Select(static value => (double)value)];

    private static void AssertClose(double[] expected, float[] actual, int start)
    {
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[start + index], 1e-5);
        }
    }
}
