using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>Biases of positions and rotations of com.microsoft in double precision, and by ONNX Runtime where it has them.</summary>
public sealed class PositionOperatorTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(true, 32, 128, 200, false)]
    [InlineData(false, 32, 128, 200, true)]
    [InlineData(true, 4, 128, 3, true)]
    [InlineData(false, 10, 20, 40, false)]
    public void DistancesHaveTheBucketsOfT5(bool isBidirectional, int buckets, int distances, int length, bool isKnown)
    {
        const int Heads = 3;
        OnnxModelBuilder builder = new OnnxModelBuilder().Weight("table", buckets, Heads);
        if (isKnown)
        {
            builder.Integers("length", length);
        }
        else
        {
            builder.Input("length", DataType.Int64, 1);
        }

        builder.Node("com.microsoft.RelativePositionBias", ["table", "length", "length"], ["y"], ("is_bidirectional", isBidirectional), ("max_distance", distances)).Output("y", 1, Heads, "n", "n");
        var inputs = isKnown ? new Dictionary<string, Tensor>() : new() { ["length"] = Tensor.Create([(long)length], 1) };
        float[] y = [.. Run($"Bias{buckets}{distances}{isBidirectional}", builder, inputs)["y"].Select(static value => (float)value)];
        float[] table = Values("table", buckets * Heads);
        int own = isBidirectional ? buckets / 2 : buckets, exact = own / 2;
        for (int query = 0; query < length; query++)
        {
            for (int key = 0; key < length; key++)
            {
                int ahead = key - query, distance = isBidirectional ? Math.Abs(ahead) : Math.Max(-ahead, 0);
                int bucket = distance < exact ? distance : Math.Min(own - 1, exact + (int)(MathF.Log(distance / (float)exact) / MathF.Log(distances / (float)exact) * (own - exact)));
                bucket += isBidirectional && ahead > 0 ? own : 0;
                for (int head = 0; head < Heads; head++)
                {
                    Assert.Equal(table[(head * buckets) + bucket], y[(((head * length) + query) * length) + key]);
                }
            }
        }
    }

    [Theory]
    [InlineData(false, "Float")]
    [InlineData(true, "Float")]
    [InlineData(false, "Float16")]
    public void GatesScaleTheBias(bool isPacked, string typeName)
    {
        const int Heads = 2, Size = 4, Columns = 8, Rows = 2, Length = 3;
        DataType type = Enum.Parse<DataType>(typeName);
        int[] places = [0, 1, 3, 4, 5, 2];
        int tokens = isPacked ? 5 : 6;
        var shapes = new (string Name, long[] Shape)[] { ("bias", [Heads * Size]), ("positions", [1, Heads, Length, Length]), ("w", [Size, Columns]), ("b", [Columns]), ("a", [1, Heads, 1, 1]) };
        long[] queryShape = isPacked ? [tokens, Heads * Size] : [Rows, Length, Heads * Size];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", type, [.. queryShape.Cast<object>()]);
        var inputs = new Dictionary<string, Tensor> { ["q"] = Floats(type, "q", queryShape) };
        foreach ((string name, long[] shape) in shapes)
        {
            builder.Input(name, type, [.. shape.Cast<object>()]);
            inputs[name] = Floats(type, name, shape);
        }

        if (isPacked)
        {
            builder.Input("places", DataType.Int32, Rows, Length);
            inputs["places"] = Tensor.Create(places, Rows, Length);
        }

        builder.Node("com.microsoft.GatedRelativePositionBias", ["q", .. shapes.Select(static shape => shape.Name), isPacked ? "places" : ""], ["y"], ("num_heads", Heads)).Output("y", type, Rows, Heads, Length, Length);
        double[] y = Run($"Gated{isPacked}{typeName}", builder, inputs)["y"];
        double[] Read(string name) => TensorNumbers.Read(inputs[name].ElementType, inputs[name].Bytes);
        (double[] q, double[] bias, double[] positions, double[] w, double[] b, double[] a) = (Read("q"), Read("bias"), Read("positions"), Read("w"), Read("b"), Read("a"));
        for (int place = 0; place < Rows * Length; place++)
        {
            // A place without a token has the query 0.
            int token = isPacked ? Array.IndexOf(places, place) : place;
            for (int head = 0; head < Heads; head++)
            {
                double[] columns = [.. Enumerable.Range(0, Columns).Select(column => b[column] + Enumerable.Range(0, Size).Sum(element =>
                    ((token < tokens ? q[(token * Heads * Size) + (head * Size) + element] : 0) + bias[(head * Size) + element]) * w[(element * Columns) + column]))];
                double u = 1 / (1 + Math.Exp(-columns[..4].Sum())), r = 1 / (1 + Math.Exp(-columns[4..].Sum()));
                double gate = (u * ((r * a[head]) - 1)) + 2;
                for (int key = 0; key < Length; key++)
                {
                    double expected = gate * positions[(((head * Length) + (place % Length)) * Length) + key];
                    Assert.Equal(expected, y[(((((place / Length) * Heads) + head) * Length) + (place % Length)) * Length + key], type == DataType.Float ? 1e-5 : 3e-3);
                }
            }
        }
    }

    [Fact]
    public void GemmaRotatesByAngles()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("emb", 2, "s", 4);
        var inputs = new Dictionary<string, Tensor> { ["emb"] = Tensor.Create(Values("emb", 2 * 3 * 4), 2, 3, 4) };
        foreach (string name in new[] { "q", "qr", "k", "kr" })
        {
            builder.Input(name, DataType.Float16, 2, name[0] == 'q' ? 5 : 1, "s", 4);
            inputs[name] = Floats(DataType.Float16, name, 2, name[0] == 'q' ? 5 : 1, 3, 4);
        }

        builder.Node("com.microsoft.GemmaRotaryEmbedding", ["emb", "q", "qr", "k", "kr"], ["qe", "ke"]).Output("qe", DataType.Float16, 2, 5, "s", 4).Output("ke", DataType.Float16, 2, 1, "s", 4);
        Dictionary<string, double[]> results = Run("Gemma", builder, inputs);
        foreach ((string output, string x, string rotated, int heads) in new[] { ("qe", "q", "qr", 5), ("ke", "k", "kr", 1) })
        {
            ReadOnlySpan<Half> first = inputs[x].AsSpan<Half>(), second = inputs[rotated].AsSpan<Half>();
            for (int index = 0; index < first.Length; index++)
            {
                double angle = Values("emb", 24)[(index / (heads * 12) * 12) + (index % 12)];
                Assert.Equal(((double)first[index] * Math.Cos(angle)) + ((double)second[index] * Math.Sin(angle)), results[output][index], 2e-3);
            }
        }
    }

    [SkippableTheory]
    [InlineData(3, 0, 0, 0, 1f, new long[] { 2, 3, 3 }, "Float")]
    [InlineData(3, 1, 0, 1, 1f, new long[] { 3, 3, 2 }, "Float")]
    [InlineData(4, 0, 1, 0, 0.5f, new long[] { 8, 0, 0 }, "Float")]
    [InlineData(4, 1, 8, 0, 2f, new long[] { 2, 1, 1 }, "Float16")]
    public void StreamsOfPositionsShareTheTables(int rank, int layout, int rotary, int interleaved, float scale, long[] sections, string typeName)
    {
        const int Batch = 2, Heads = 3, Length = 5, Positions = 12;
        int size = 16, rotated = rotary > 1 ? rotary : size, half = rotated / 2;
        DataType type = Enum.Parse<DataType>(typeName);
        long[] shape = rank == 3 ? [Batch, Length, Heads * size] : [Batch, Heads, Length, size];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", type, [.. shape.Cast<object>()]).Input("p", DataType.Int64, 3, Batch, Length).Input("c", type, Positions, half).Input("s", type, Positions, half)
            .Node("com.microsoft.MRotaryEmbedding", ["x", "p", "c", "s"], ["y"], ("num_heads", Heads), ("interleaved", interleaved), ("mrope_layout", layout), ("mrope_section", sections), ("scale", scale), ("rotary_embedding_dim", rotary > 1 ? rotary : 0))
            .Output("y", type, [.. shape.Cast<object>()]);
        long[] positions = [.. Enumerable.Range(0, 3 * Batch * Length).Select(static index => (long)(index * 7 % Positions))];
        var inputs = new Dictionary<string, Tensor> { ["x"] = Floats(type, "x", shape), ["p"] = Tensor.Create(positions, 3, Batch, Length), ["c"] = Floats(type, "c", Positions, half), ["s"] = Floats(type, "s", Positions, half) };
        double[] y = Run($"Streams{rank}{layout}", builder, inputs)["y"];
        double[] Read(string name) => TensorNumbers.Read(inputs[name].ElementType, inputs[name].Bytes);
        (double[] x, double[] c, double[] s) = (Read("x"), Read("c"), Read("s"));
        for (int index = 0; index < x.Length; index++)
        {
            int element = index % size, row = index / (Heads * Length * size);
            int position = rank == 3 ? index / (Heads * size) % Length : index / size % Length;
            double expected = x[index];
            if (element < rotated)
            {
                int column = interleaved == 1 ? element / 2 : element % half;
                int stream = layout == 0 ? (column < sections[0] ? 0 : column < sections[0] + sections[1] ? 1 : 2) : column % 3 > 0 && column < 3 * sections[column % 3] ? column % 3 : 0;
                long entry = (positions[(((stream * Batch) + row) * Length) + position] * half) + column;
                bool isFirst = interleaved == 1 ? element % 2 == 0 : element < half;
                int other = interleaved == 1 ? (isFirst ? index + 1 : index - 1) : isFirst ? index + half : index - half;
                expected = scale * ((x[index] * c[entry]) + ((isFirst ? -1 : 1) * x[other] * s[entry]));
            }

            Assert.Equal(expected, y[index], type == DataType.Float ? 1e-5 : 5e-3);
        }

        Tensor theirs = OnnxRuntimeOracle.Run(builder, inputs)["y"];
        Assert.Equal(TensorNumbers.Read(theirs.ElementType, theirs.Bytes), y, (left, right) => Math.Abs(left - right) < (type == DataType.Float ? 1e-5 : 5e-3));
    }

    /// <summary>ONNX Runtime reads the attribute and leaves it at that.</summary>
    [SkippableTheory]
    [InlineData(3, 0, 4, 16)]
    [InlineData(3, 1, 0, 32)]
    [InlineData(4, 0, 0, 32)]
    public void ScalesOfRotationsChangeNothing(int rank, int interleaved, int rotary, int columns)
    {
        const int Heads = 2, Size = 8, Length = 3;
        object[] shape = rank == 3 ? [2, Length, Heads * Size] : [2, Heads, Length, Size];
        int half = (rotary > 0 ? rotary : Size) / 2;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", shape).Input("p", DataType.Int64, 2, Length).Input("c", columns, half).Input("s", columns, half)
            .Node("com.microsoft.RotaryEmbedding", ["x", "p", "c", "s"], ["y"], ("scale", 0.5f), ("interleaved", interleaved), ("num_heads", Heads), ("rotary_embedding_dim", rotary), ("is_packed_batching", 0)).Output("y", shape);
        long[] sizes = [.. shape.Select(static size => (long)(int)size)];
        var inputs = new Dictionary<string, Tensor>
        {
            ["x"] = Floats(DataType.Float, "x", sizes),
            ["p"] = Tensor.Create<long>([0, 1, 2, 5, 6, 7], 2, Length),
            ["c"] = Floats(DataType.Float, "c", columns, half),
            ["s"] = Floats(DataType.Float, "s", columns, half),
        };
        float[] expected = OnnxRuntimeOracle.Run(builder, inputs)["y"].AsSpan<float>().ToArray();
        double[] actual = Run($"Scale{rank}{interleaved}{rotary}", builder, inputs)["y"];

        // It does not write the elements that are not rotated.
        for (int index = 0; index < actual.Length; index++)
        {
            if (rotary == 0 || index % Size < rotary)
            {
                Assert.Equal(expected[index], actual[index], 1e-6);
            }
        }
    }

    [Theory]
    [InlineData("max_distance", 1, "needed are a bucket")]
    [InlineData("max_distance", 0, "needed are a bucket")]
    public void RefusesBucketsThatDoNotFit(string attribute, int value, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Weight("table", 8, 2).Integers("length", 4)
            .Node("com.microsoft.RelativePositionBias", ["table", "length", "length"], ["y"], (attribute, value)).Output("y", 1, 2, 4, 4);
        Assert.Contains(reason, _models.Refusal($"Buckets{value}", builder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new long[] { 2, 3, 2 }, 0, "with the sum 8")]
    [InlineData(new long[] { 4, 4 }, 0, "needed are three numbers")]
    [InlineData(new long[] { 2, 3, 3 }, 2, "'mrope_layout' is 2")]
    public void RefusesSectionsThatDoNotFit(long[] sections, int layout, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1, 4, 32).Input("p", DataType.Int64, 3, 1, 4).Input("c", 9, 8).Input("s", 9, 8)
            .Node("com.microsoft.MRotaryEmbedding", ["x", "p", "c", "s"], ["y"], ("num_heads", 2), ("mrope_layout", layout), ("mrope_section", sections)).Output("y", 1, 4, 32);
        Assert.Contains(reason, _models.Refusal($"Sections{sections.Sum()}{layout}", builder), StringComparison.Ordinal);
    }

    private static float[] Values(string name, int count) => OnnxModelBuilder.WeightValues(name, count);

    private static Tensor Floats(DataType type, string name, params long[] shape)
    {
        float[] values = OnnxModelBuilder.WeightValues(name, shape);
        return type == DataType.Float ? Tensor.Create(values, shape) : Tensor.Create<Half>([.. values.Select(static value => (Half)value)], shape);
    }

    private Dictionary<string, double[]> Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs).ToDictionary(static result => result.Key, static result => TensorNumbers.Read(result.Value.ElementType, result.Value.Bytes));
    }
}
