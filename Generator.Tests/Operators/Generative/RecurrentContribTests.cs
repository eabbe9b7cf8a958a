using System.Runtime.InteropServices;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>The LSTMs of com.microsoft against references in double precision.</summary>
public sealed class RecurrentContribTests : IDisposable
{
    private const int Steps = 4, Batch = 2, Size = 5, Hidden = 19, Depth = 6, Places = 3, MemoryDepth = 7;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>With and without the attention's layer; two directions differ in their weights.</summary>
    [Theory]
    [InlineData(false, "forward")]
    [InlineData(true, "forward")]
    [InlineData(true, "reverse")]
    [InlineData(false, "bidirectional")]
    public void AttentionJoinsTheInput(bool hasLayer, string direction)
    {
        int directions = direction == "bidirectional" ? 2 : 1, attention = hasLayer ? 8 : MemoryDepth;
        var shapes = new Dictionary<string, long[]>
        {
            ["w"] = [directions, 4 * Hidden, Size + attention],
            ["r"] = [directions, 4 * Hidden, Hidden],
            ["b"] = [directions, 8 * Hidden],
            ["h"] = [directions, Batch, Hidden],
            ["c"] = [directions, Batch, Hidden],
            ["qw"] = [directions, Hidden, Depth],
            ["mw"] = [directions, MemoryDepth, Depth],
            ["v"] = [directions, Depth],
            ["aw"] = [directions, MemoryDepth + Hidden, attention],
        };
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "steps", Batch, Size).Input("m", Batch, "places", MemoryDepth).Input("lengths", DataType.Int32, Batch).Input("places_", DataType.Int32, Batch);
        foreach ((string name, long[] shape) in shapes)
        {
            builder.Weight(name, shape);
        }

        string[] inputs = ["x", "w", "r", "b", "lengths", "h", "c", "", "qw", "mw", "v", "m", "places_", .. hasLayer ? ["aw"] : Array.Empty<string>()];
        builder.Node("com.microsoft.AttnLSTM", inputs, ["y", "yh", "yc"], ("direction", direction), ("hidden_size", Hidden))
            .Output("y", "steps", directions, Batch, Hidden).Output("yh", directions, Batch, Hidden).Output("yc", directions, Batch, Hidden);
        using CompiledModel model = _models.Load($"Attn{hasLayer}{direction}", builder);
        float[] x = OnnxModelBuilder.WeightValues("x", Steps, Batch, Size), memory = OnnxModelBuilder.WeightValues("m", Batch, Places, MemoryDepth);
        int[] lengths = [Steps, 2], places = [2, Places];
        var given = new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create(x, Steps, Batch, Size),
            ["m"] = Tensor.Create(memory, Batch, Places, MemoryDepth),
            ["lengths"] = Tensor.Create(lengths, Batch),
            ["places_"] = Tensor.Create(places, Batch),
        };
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(given);
        float[] y = results["y"].AsSpan<float>().ToArray(), last = results["yh"].AsSpan<float>().ToArray(), cell = results["yc"].AsSpan<float>().ToArray();
        for (int index = 0; index < directions; index++)
        {
            double[] Part(string name) => [.. OnnxModelBuilder.WeightValues(name, shapes[name]).Select(static value => (double)value).Chunk((int)shapes[name].Skip(1).Aggregate(1L, static (a, b) => a * b)).ElementAt(index)];
            bool isReverse = direction == "reverse" || index == 1;
            for (int row = 0; row < Batch; row++)
            {
                var reference = new AttentionReference(Part, hasLayer, memory.Skip(row * Places * MemoryDepth).Take(places[row] * MemoryDepth).Select(static value => (double)value).ToArray(), row);
                for (int step = 0; step < lengths[row]; step++)
                {
                    int time = isReverse ? lengths[row] - 1 - step : step;
                    reference.Step([.. x.Skip(((time * Batch) + row) * Size).Take(Size).Select(static value => (double)value)]);
                    Close(reference.State, y.AsSpan(((((time * directions) + index) * Batch) + row) * Hidden, Hidden));
                }

                Close(reference.State, last.AsSpan(((index * Batch) + row) * Hidden, Hidden));
                Close(reference.Cell, cell.AsSpan(((index * Batch) + row) * Hidden, Hidden));
            }
        }

        given["places_"] = Tensor.Create<int>([0, 1], Batch);
        Assert.Contains("length of memory 0", Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(given)).Message, StringComparison.Ordinal);
    }

    /// <summary>Weights that are constant stay integers; those of a run are widened. Both round inputs and states as the reference does.</summary>
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public void QuantizedStatesAgreeWithTheReference(bool isConstant, bool isSigned, bool hasColumnScales)
    {
        var random = new Random(3);
        DataType type = isSigned ? DataType.Int8 : DataType.Uint8;
        int columns = 4 * Hidden;
        byte[] w = new byte[Size * columns], r = new byte[Hidden * columns];
        random.NextBytes(w);
        random.NextBytes(r);
        int parameters = hasColumnScales ? columns : 1;
        long[] shape = hasColumnScales ? [1, columns] : [1];
        float[] Scales() => [.. Enumerable.Range(0, parameters).Select(_ => (random.NextSingle() + 0.5f) / 300)];
        float[] ws = Scales(), rs = Scales();
        byte[] wz = [.. Enumerable.Range(0, parameters).Select(_ => (byte)random.Next(4))], rz = [.. Enumerable.Range(0, parameters).Select(_ => (byte)random.Next(4))];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "steps", Batch, Size);
        var inputs = new List<(string, Tensor)> { ("x", Tensor.Create(OnnxModelBuilder.WeightValues("x", Steps, Batch, Size), Steps, Batch, Size)) };
        void Add(string name, DataType element, byte[] data, params long[] sizes)
        {
            if (isConstant)
            {
                builder.Constant(name, element, data, sizes);
                return;
            }

            builder.Input(name, element, [.. sizes.Cast<object>()]);
            inputs.Add((name, element switch
            {
                DataType.Float => Tensor.Create(MemoryMarshal.Cast<byte, float>(data).ToArray(), sizes),
                DataType.Int8 => Tensor.Create(MemoryMarshal.Cast<byte, sbyte>(data).ToArray(), sizes),
                _ => Tensor.Create(data, sizes),
            }));
        }

        Add("w", type, w, 1, Size, columns);
        Add("r", type, r, 1, Hidden, columns);
        Add("ws", DataType.Float, MemoryMarshal.AsBytes<float>(ws).ToArray(), shape);
        Add("wz", type, wz, shape);
        Add("rs", DataType.Float, MemoryMarshal.AsBytes<float>(rs).ToArray(), shape);
        Add("rz", type, rz, shape);
        builder.Weight("b", 1, 8 * Hidden)
            .Node("com.microsoft.DynamicQuantizeLSTM", ["x", "w", "r", "b", "", "", "", "", "ws", "wz", "rs", "rz"], ["y"], ("hidden_size", Hidden)).Output("y", "steps", 1, Batch, Hidden);
        using CompiledModel model = _models.Load($"Dynamic{isConstant}{isSigned}{hasColumnScales}", builder);
        using CompiledSession session = model.CreateSession();
        float[] actual = SmallModels.Run(session, "y", [.. inputs]);

        double Weight(byte[] data, float[] scales, byte[] zeros, int row, int column)
        {
            int index = hasColumnScales ? column : 0;
            byte element = data[(row * columns) + column];
            return ((isSigned ? (sbyte)element : element) - (isSigned ? (sbyte)zeros[index] : zeros[index])) * (double)scales[index];
        }

        double[] bias = [.. OnnxModelBuilder.WeightValues("b", 1, 8 * Hidden).Select(static value => (double)value)];
        double[] x = Round([.. OnnxModelBuilder.WeightValues("x", Steps, Batch, Size).Select(static value => (double)value)]);
        double[] state = new double[Batch * Hidden], cell = new double[Batch * Hidden];
        for (int step = 0; step < Steps; step++)
        {
            double[] rounded = Round(state);
            for (int row = 0; row < Batch; row++)
            {
                double Gate(int gate, int index)
                {
                    int column = (gate * Hidden) + index;
                    return bias[column] + bias[columns + column]
                        + Enumerable.Range(0, Size).Sum(k => x[(((step * Batch) + row) * Size) + k] * Weight(w, ws, wz, k, column))
                        + Enumerable.Range(0, Hidden).Sum(k => rounded[(row * Hidden) + k] * Weight(r, rs, rz, k, column));
                }

                for (int index = 0; index < Hidden; index++)
                {
                    int place = (row * Hidden) + index;
                    cell[place] = (Sigmoid(Gate(2, index)) * cell[place]) + (Sigmoid(Gate(0, index)) * Math.Tanh(Gate(3, index)));
                    state[place] = Sigmoid(Gate(1, index)) * Math.Tanh(cell[place]);
                }
            }

            // A state in float32 that lies between two integers may go to the other one: a step of 1/255 of the range, times a weight of about 0.4.
            for (int index = 0; index < state.Length; index++)
            {
                Assert.Equal(state[index], actual[(step * state.Length) + index], 2e-3);
            }
        }
    }

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));

    private static double[] Round(double[] values)
    {
        double low = Math.Min(0, values.Min()), high = Math.Max(0, values.Max()), scale = high == low ? 1 : (high - low) / 255;
        double zero = Math.Round(-low / scale);
        return [.. values.Select(value => (Math.Clamp(Math.Round(value / scale) + zero, 0, 255) - zero) * scale)];
    }

    private static void Close(double[] expected, ReadOnlySpan<float> actual)
    {
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[index], 1e-5);
        }
    }

    /// <summary>One sequence in one direction.</summary>
    private sealed class AttentionReference(Func<string, double[]> weights, bool hasLayer, double[] memory, int row)
    {
        private readonly double[] _attention = new double[hasLayer ? 8 : MemoryDepth];

        public double[] State { get; private set; } = [.. weights("h").Skip(row * Hidden).Take(Hidden)];

        public double[] Cell { get; } = [.. weights("c").Skip(row * Hidden).Take(Hidden)];

        public void Step(double[] x)
        {
            double[] input = [.. x, .. _attention], w = weights("w"), r = weights("r"), b = weights("b"), before = State;
            double Gate(int gate, int index)
            {
                int line = (gate * Hidden) + index;
                return b[line] + b[(4 * Hidden) + line] + input.Select((value, k) => value * w[(line * input.Length) + k]).Sum() + before.Select((value, k) => value * r[(line * Hidden) + k]).Sum();
            }

            double[] next = new double[Hidden];
            for (int index = 0; index < Hidden; index++)
            {
                Cell[index] = (Sigmoid(Gate(2, index)) * Cell[index]) + (Sigmoid(Gate(0, index)) * Math.Tanh(Gate(3, index)));
                next[index] = Sigmoid(Gate(1, index)) * Math.Tanh(Cell[index]);
            }

            State = next;
            double[] qw = weights("qw"), mw = weights("mw"), v = weights("v"), aw = weights("aw");
            double[] scores = [.. memory.Chunk(MemoryDepth).Select(place => Enumerable.Range(0, Depth).Sum(index => v[index] * Math.Tanh(
                place.Select((value, k) => value * mw[(k * Depth) + index]).Sum() + next.Select((value, k) => value * qw[(k * Depth) + index]).Sum())))];
            double sum = scores.Sum(Math.Exp);
            double[] mean = [.. Enumerable.Range(0, MemoryDepth).Select(index => memory.Chunk(MemoryDepth).Select((place, number) => place[index] * Math.Exp(scores[number]) / sum).Sum())];
            double[] joined = [.. next, .. mean];
            for (int index = 0; index < _attention.Length; index++)
            {
                _attention[index] = hasLayer ? joined.Select((value, k) => value * aw[(k * _attention.Length) + index]).Sum() : mean[index];
            }
        }
    }
}
