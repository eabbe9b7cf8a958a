using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>DecoderAttention, DecoderMaskedSelfAttention and LongformerAttention in double precision.</summary>
public sealed class DecoderOperatorTests : IDisposable
{
    private const int Heads = 2, Size = 8, Width = Heads * Size, Batch = 2;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, false)]
    public void DecoderAttendsToItselfKeysAndCaches(bool isStatic, bool usesPast, bool hasMask)
    {
        const int Queries = 3, Keys = 5, Past = 4;
        int total = usesPast ? isStatic ? Past : Past + Queries : isStatic ? Keys : Queries;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", Queries, Batch, Width).Input("k", Keys, Batch, Width).Weight("qw", Width, Width).Weight("kvw", Width, 2 * Width).Weight("b", 3 * Width)
            .Input("mask", DataType.Bool, Batch, total).Input("kc", Batch, Heads, Past, Size).Input("vc", Batch, Heads, Past, Size)
            .Boolean("static", isStatic).Boolean("past", usesPast).Boolean("state", true).Boolean("masked", hasMask)
            .Node("Neg", ["kc"], ["nkc"]).Node("Neg", ["vc"], ["nvc"])
            .Node("com.microsoft.DecoderAttention", ["q", "k", "qw", "kvw", "b", "mask", "nkc", "nvc", "static", "past", "state", "masked"], ["y", "nk", "nv"], ("num_heads", Heads))
            .Output("y", Queries, Batch, Width).Output("nk", Batch, Heads, total, Size).Output("nv", Batch, Heads, total, Size);
        bool[] mask = [.. Enumerable.Range(0, Batch * total).Select(static index => index % 3 == 1)];
        IReadOnlyDictionary<string, Tensor> results = Run($"Decoder{isStatic}{usesPast}", builder, new()
        {
            ["q"] = Tensor.Create(Values("q", Queries * Batch * Width), Queries, Batch, Width),
            ["k"] = Tensor.Create(Values("k", Keys * Batch * Width), Keys, Batch, Width),
            ["mask"] = Tensor.Create(mask, Batch, total),
            ["kc"] = Tensor.Create(Values("kc", Batch * Width * Past), Batch, Heads, Past, Size),
            ["vc"] = Tensor.Create(Values("vc", Batch * Width * Past), Batch, Heads, Past, Size),
        });
        float[] b = Values("b", 3 * Width);
        double Projected(string source, int position, int row, string weights, int columns, int column, int bias) => b[bias] + Enumerable.Range(0, Width).Sum(
            k => (double)Values(source, (source == "q" ? Queries : Keys) * Batch * Width)[(((position * Batch) + row) * Width) + k] * Values(weights, Width * columns)[(k * columns) + column]);
        double Cached(string cache, int row, int position, int element) => -Values(cache, Batch * Width * Past)[(((((row * Heads) + (element / Size)) * Past) + position) * Size) + (element % Size)];
        double Key(int row, int position, int element, int part)
        {
            if (usesPast && position < Past)
            {
                return Cached(part == 0 ? "kc" : "vc", row, position, element);
            }

            return Projected(isStatic ? "k" : "q", position - (usesPast ? Past : 0), row, "kvw", 2 * Width, (part * Width) + element, ((part + 1) * Width) + element);
        }

        double[,,,] keys = new double[2, Batch, total, Width];
        for (int index = 0; index < keys.Length; index++)
        {
            (int part, int row, int position, int element) = (index / (Batch * total * Width), index / (total * Width) % Batch, index / Width % total, index % Width);
            keys[part, row, position, element] = Key(row, position, element, part);
            Assert.Equal(keys[part, row, position, element], results[part == 0 ? "nk" : "nv"].AsSpan<float>()[(((((row * Heads) + (element / Size)) * total) + position) * Size) + (element % Size)], 1e-5);
        }

        for (int query = 0; query < Queries; query++)
        {
            for (int row = 0; row < Batch; row++)
            {
                double[] q = [.. Enumerable.Range(0, Width).Select(element => Projected("q", query, row, "qw", Width, element, element))];
                double[] expected = Attend(q, Enumerable.Range(0, total).Where(key => !hasMask || !mask[(row * total) + key]), (key, element) => keys[0, row, key, element], (key, element) => keys[1, row, key, element], static (_, _) => 0);
                Assert.Equal(expected, results["y"].AsSpan<float>().Slice(((query * Batch) + row) * Width, Width).ToArray().Select(static value => (double)value), Near);
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void OnePositionGoesOn(bool shares, bool hasBias)
    {
        const int Inner = 6, Past = 5, Room = 8, Together = 4;
        int room = shares ? Room : Past, present = shares ? Room : Past + 1;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", Batch, 1, Inner).Weight("w", Inner, 3 * Width).Weight("b", 3 * Width).Input("mask", DataType.Int32, Batch, Past + 1).Input("past", 2, Batch, Heads, room, Size)
            .Input("bias", 1, Heads, 1, Past + 1).Input("length", DataType.Int32, 1).Node("Neg", ["past"], ["npast"])
            .Node("com.microsoft.DecoderMaskedSelfAttention", ["x", "w", "b", "mask", "npast", hasBias ? "bias" : "", "length"], ["y", "next"], ("num_heads", Heads), ("past_present_share_buffer", shares), ("scale", 0.6f))
            .Output("y", Batch, 1, Width).Output("next", 2, Batch, Heads, present, Size);
        int[] mask = [.. Enumerable.Range(0, Batch * (Past + 1)).Select(static index => index % 4 == 1 ? 0 : 1)];
        float[] x = Values("x", Batch * Inner), past = Values("past", 2 * Batch * Width * room), bias = Values("bias", Heads * (Past + 1));
        IReadOnlyDictionary<string, Tensor> results = Run($"Masked{shares}", builder, new()
        {
            ["x"] = Tensor.Create(x, Batch, 1, Inner),
            ["mask"] = Tensor.Create(mask, Batch, Past + 1),
            ["past"] = Tensor.Create(past, 2, Batch, Heads, room, Size),
            ["bias"] = Tensor.Create(bias, 1, Heads, 1, Past + 1),
            ["length"] = Tensor.Create([Past], 1),
        });

        // Keys of a shared buffer lie with four elements of each position together.
        int Place(int part, int row, int head, int position, int element, int length) => shares && part == 0
            ? ((((((((part * Batch) + row) * Heads) + head) * (Size / Together)) + (element / Together)) * length) + position) * Together + (element % Together)
            : ((((((part * Batch) + row) * Heads) + head) * length) + position) * Size + element;
        double Projected(int row, int column) => Values("b", 3 * Width)[column] + Enumerable.Range(0, Inner).Sum(k => (double)x[(row * Inner) + k] * Values("w", Inner * 3 * Width)[(k * 3 * Width) + column]);
        for (int row = 0; row < Batch; row++)
        {
            double At(int part, int position, int element) => position == Past ? Projected(row, ((part + 1) * Width) + element) : -past[Place(part, row, element / Size, position, element % Size, room)];
            double[] q = [.. Enumerable.Range(0, Width).Select(element => Projected(row, element) * 0.6 * Math.Sqrt(Size))];
            double[] expected = Attend(q, Enumerable.Range(0, Past + 1), (key, element) => At(0, key, element), (key, element) => At(1, key, element),
                (head, key) => (mask[(row * (Past + 1)) + key] == 0 ? -10000 : 0) + (hasBias ? bias[(head * (Past + 1)) + key] : 0));
            Assert.Equal(expected, results["y"].AsSpan<float>().Slice(row * Width, Width).ToArray().Select(static value => (double)value), Near);
            for (int part = 0; part < 2; part++)
            {
                for (int position = 0; position <= Past; position++)
                {
                    for (int element = 0; element < Width; element++)
                    {
                        Assert.Equal(At(part, position, element), results["next"].AsSpan<float>()[Place(part, row, element / Size, position, element % Size, present)], 1e-5);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LongTextsSeeNeighboursAndGlobalTokens(bool isHalf)
    {
        const int Length = 12, Window = 2;
        DataType type = isHalf ? DataType.Float16 : DataType.Float;
        var shapes = new (string Name, long[] Shape)[] { ("x", [Batch, Length, Width]), ("w", [Width, 3 * Width]), ("b", [3 * Width]), ("mask", [Batch, Length]), ("gw", [Width, 3 * Width]), ("gb", [3 * Width]) };
        OnnxModelBuilder builder = new();
        var inputs = new Dictionary<string, Tensor>();
        var numbers = new Dictionary<string, float[]>();
        foreach ((string name, long[] shape) in shapes)
        {
            float[] values = OnnxModelBuilder.WeightValues(name, shape);
            numbers[name] = name == "mask" ? [.. values.Select(static (_, index) => index % 12 >= 10 ? -10000f : 0)] : [.. values.Select(static value => (float)(Half)(value / 2))];
            builder.Input(name, type, [.. shape.Cast<object>()]);
            inputs[name] = isHalf ? Tensor.Create<Half>([.. numbers[name].Select(static value => (Half)value)], shape) : Tensor.Create(numbers[name], shape);
        }

        int[] global = [.. Enumerable.Range(0, Batch * Length).Select(static index => index is 0 or 17 ? 1 : 0)];
        inputs["global"] = Tensor.Create(global, Batch, Length);
        builder.Input("global", DataType.Int32, Batch, Length).Node("com.microsoft.LongformerAttention", ["x", "w", "b", "mask", "gw", "gb", "global"], ["y"], ("num_heads", Heads), ("window", Window)).Output("y", type, Batch, Length, Width);
        Tensor y = Run($"Longformer{isHalf}", builder, inputs)["y"];
        double Projected(int row, int token, string weights, string bias, int column) => numbers[bias][column] + Enumerable.Range(0, Width).Sum(k => (double)numbers["x"][(((row * Length) + token) * Width) + k] * numbers[weights][(k * 3 * Width) + column]);
        for (int row = 0; row < Batch; row++)
        {
            for (int token = 0; token < Length; token++)
            {
                bool isGlobal = global[(row * Length) + token] == 1;
                (string weights, string bias) = isGlobal ? ("gw", "gb") : ("w", "b");
                double[] q = [.. Enumerable.Range(0, Width).Select(element => Projected(row, token, weights, bias, element))];
                double[] expected = Attend(
                    q,
                    Enumerable.Range(0, Length).Where(key => isGlobal || Math.Abs(key - token) <= Window || global[(row * Length) + key] == 1),
                    (key, element) => Projected(row, key, weights, bias, Width + element),
                    (key, element) => Projected(row, key, weights, bias, (2 * Width) + element),
                    (_, key) => numbers["mask"][(row * Length) + key]);
                for (int element = 0; element < Width; element++)
                {
                    int index = (((row * Length) + token) * Width) + element;
                    Assert.Equal(expected[element], isHalf ? (double)y.AsSpan<Half>()[index] : y.AsSpan<float>()[index], isHalf ? 2e-3 : 1e-5);
                }
            }
        }
    }

    [Fact]
    public void FlagsThatOnlyARunKnowsAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 2, 1, 4).Input("k", 2, 1, 4).Weight("qw", 4, 4).Weight("kvw", 4, 8).Weight("b", 12).Input("flag", DataType.Bool, 1)
            .Node("com.microsoft.DecoderAttention", ["q", "k", "qw", "kvw", "b", "", "", "", "flag", "flag", "flag", "flag"], ["y"], ("num_heads", 2)).Output("y", 2, 1, 4);
        Assert.Contains("must be one boolean that is known", _models.Refusal("Flags", builder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("do_rotary", 1, "rotary embedding without tables")]
    [InlineData("num_heads", 3, "into 3 heads")]
    [InlineData("past_present_share_buffer", 1, "the past's length")]
    public void RefusesWhatDoesNotFit(string attribute, int value, string reason)
    {
        var attributes = new Dictionary<string, object> { ["num_heads"] = 2 };
        attributes[attribute] = value;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1, 1, 4).Weight("w", 4, 48).Weight("b", 48).Input("past", 2, 1, 2, 3, 8)
            .Node("com.microsoft.DecoderMaskedSelfAttention", ["x", "w", "b", "", "past"], ["y", "next"], [.. attributes.Select(static pair => (pair.Key, pair.Value))]).Output("y", 1, 1, 16).Output("next", 2, 1, 2, 4, 8);
        Assert.Contains(reason, _models.Refusal($"MaskedRefused{attribute}", builder), StringComparison.Ordinal);
    }

    [Fact]
    public void SequencesThatAreNoWholeWindowsAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1, 7, 4).Weight("w", 4, 12).Weight("b", 12).Input("mask", 1, 7).Input("global", DataType.Int32, 1, 7)
            .Node("com.microsoft.LongformerAttention", ["x", "w", "b", "mask", "w", "b", "global"], ["y"], ("num_heads", 2), ("window", 2)).Output("y", 1, 7, 4);
        Assert.Contains("multiple of two windows", _models.Refusal("LongformerRefused", builder), StringComparison.Ordinal);
    }

    /// <summary>What a query [heads · size] makes of the keys it sees; scores are divided by the root of the size.</summary>
    private static double[] Attend(double[] query, IEnumerable<int> keys, Func<int, int, double> key, Func<int, int, double> value, Func<int, int, double> bias)
    {
        int[] seen = [.. keys];
        double[] result = new double[Width];
        for (int head = 0; head < Heads; head++)
        {
            double[] scores = [.. seen.Select(position => (Enumerable.Range(head * Size, Size).Sum(element => query[element] * key(position, element)) / Math.Sqrt(Size)) + bias(head, position))];
            double[] weights = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
            for (int element = head * Size; element < (head + 1) * Size; element++)
            {
                result[element] = seen.Select((position, index) => weights[index] * value(position, element)).Sum() / weights.Sum();
            }
        }

        return result;
    }

    private static bool Near(double left, double right) => Math.Abs(left - right) < 1e-5;

    private static float[] Values(string name, int count) => OnnxModelBuilder.WeightValues(name, count);

    private IReadOnlyDictionary<string, Tensor> Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs);
    }
}
