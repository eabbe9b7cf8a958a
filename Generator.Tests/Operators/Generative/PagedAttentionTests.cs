using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>PagedAttention token by token in double precision, caches included; and RemovePadding.</summary>
public sealed class PagedAttentionTests : IDisposable
{
    private const int Size = 16, BlockSize = 16, BlockCount = 9, RowBlocks = 4;

    // New tokens and past of three sequences, and the blocks where they are; of a fourth nothing is new.
    private static readonly int[] News = [5, 1, 0, 20], Pasts = [0, 17, 3, 30];

    private static readonly int[] Table = [4, -1, -1, -1, 7, 2, -1, -1, 0, -1, -1, -1, 8, 1, 5, 3];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("packed")]
    [InlineData("rotary")]
    [InlineData("interleaved")]
    [InlineData("offset")]
    [InlineData("norm")]
    [InlineData("window")]
    [InlineData("bidirectional")]
    [InlineData("bidirectionalwindow")]
    [InlineData("softcap")]
    [InlineData("sink")]
    [InlineData("slots")]
    [InlineData("latent")]
    [InlineData("half")]
    [InlineData("int8")]
    [InlineData("int8channel")]
    [InlineData("float8")]
    public void AgreesWithTheReference(string kind)
    {
        bool isLatent = kind == "latent", isPacked = kind == "packed", rotates = kind is "rotary" or "interleaved" or "offset", isQuantized = kind is "int8" or "int8channel" or "float8";
        int heads = 4, keyHeads = isLatent ? 1 : 2, valueSize = isLatent ? 8 : Size, tokens = News.Sum();
        DataType type = kind == "half" ? DataType.Float16 : DataType.Float;
        DataType cacheType = kind switch { "int8" or "int8channel" => DataType.Int8, "float8" => DataType.Float8E4M3Fn, _ => type };
        float[] q = Values("q", tokens * heads * Size), k = Values("k", tokens * keyHeads * Size), v = Values("v", tokens * keyHeads * Size);
        int width = keyHeads * Size, places = BlockCount * BlockSize;
        Tensor[] caches = [.. new[] { "kc", "vc" }.Select(name => Cache(name, cacheType, places * width))];
        double[][] stored = [.. caches.Select(static cache => TensorNumbers.Read(cache.ElementType, cache.Bytes))];
        float[][] scales = [.. new[] { "ks", "vs" }.Select(name => kind == "int8channel" ? Values(name, width).Select(static value => (Math.Abs(value) + 0.5f) / 64).ToArray() : [kind == "float8" ? 0.01f : 0.02f])];
        int[] slots = [.. Enumerable.Range(0, tokens).Select(token => token % 7 == 3 ? -1 : (token * 5) % places)];
        float[] cosine = [.. Enumerable.Range(0, 64 * 4).Select(static index => (float)Math.Cos(index / 4 * Math.Pow(10, -(index % 4))))];
        float[] sine = [.. Enumerable.Range(0, 64 * 4).Select(static index => (float)Math.Sin(index / 4 * Math.Pow(10, -(index % 4))))];

        OnnxModelBuilder builder = new();
        var inputs = new Dictionary<string, Tensor>();
        string Add(string name, DataType element, Tensor value, params object[] sizes)
        {
            builder.Input(name, element, sizes);
            inputs[name] = value;
            return name;
        }

        var names = new List<string>();
        if (isPacked)
        {
            float[] packed = [.. Enumerable.Range(0, tokens).SelectMany(token => q[(token * heads * Size)..((token + 1) * heads * Size)]
                .Concat(k[(token * width)..((token + 1) * width)]).Concat(v[(token * width)..((token + 1) * width)]))];
            names.AddRange([Add("qkv", type, Tensor.Create(packed, tokens, (heads * Size) + (2 * width)), "tokens", (heads * Size) + (2 * width)), "", ""]);
        }
        else
        {
            names.AddRange([Add("q", type, Floats(type, q, tokens, heads * Size), "tokens", heads * Size), Add("k", type, Floats(type, k, tokens, width), "tokens", width)]);
            names.Add(isLatent ? "" : Add("v", type, Floats(type, v, tokens, width), "tokens", width));
        }

        names.Add(Add("kc", cacheType, Reshaped(caches[0], BlockCount, BlockSize, keyHeads, Size), BlockCount, BlockSize, keyHeads, Size));
        names.Add(isLatent ? "" : Add("vc", cacheType, Reshaped(caches[1], BlockCount, BlockSize, keyHeads, Size), BlockCount, BlockSize, keyHeads, Size));
        names.Add(Add("ends", DataType.Int32, Tensor.Create([.. Enumerable.Range(0, News.Length + 1).Select(static row => News.Take(row).Sum())], News.Length + 1), News.Length + 1));
        names.Add(Add("pasts", DataType.Int32, Tensor.Create(Pasts, Pasts.Length), Pasts.Length));
        names.Add(Add("table", DataType.Int32, Tensor.Create(Table, News.Length, RowBlocks), News.Length, RowBlocks));
        names.AddRange(rotates ? [Add("cos", type, Tensor.Create(cosine, 64, 4), 64, 4), Add("sin", type, Tensor.Create(sine, 64, 4), 64, 4)] : ["", ""]);
        names.Add(kind == "slots" ? Add("slots", DataType.Int32, Tensor.Create(slots, tokens), "tokens") : "");
        names.Add(kind == "sink" ? Add("sink", type, Tensor.Create(Values("sink", heads), heads), heads) : "");
        names.AddRange(kind == "norm" ? [Add("qn", type, Tensor.Create(Values("qn", Size), Size), Size), Add("kn", type, Tensor.Create(Values("kn", Size), Size), Size)] : ["", ""]);
        long[] scaleShape = kind == "int8channel" ? [keyHeads, 1, Size] : [1];
        object[] scaleSizes = [.. scaleShape.Cast<object>()];
        names.AddRange(isQuantized ? [Add("ks", DataType.Float, Tensor.Create(scales[0], scaleShape), scaleSizes), Add("vs", DataType.Float, Tensor.Create(scales[1], scaleShape), scaleSizes)] : ["", ""]);
        int window = kind.EndsWith("window", StringComparison.Ordinal) ? 6 : 0;
        bool isCausal = !kind.StartsWith("bidirectional", StringComparison.Ordinal);
        double softcap = kind == "softcap" ? 0.7 : 0, scale = isLatent ? 0.4 : 0.25;
        int start = kind == "offset" ? 8 : 0;
        var attributes = new List<(string, object)> { ("num_heads", heads), ("kv_num_heads", keyHeads), ("is_causal", isCausal), ("do_rotary", rotates), ("rotary_interleaved", kind == "interleaved"), ("rotary_offset", start) };
        if (isLatent)
        {
            attributes.AddRange([("kv_cache_layout", "LATENT"), ("v_head_size", valueSize), ("scale", 0.4f)]);
        }

        if (window > 0)
        {
            attributes.Add(("local_window_size", window));
        }

        if (softcap > 0)
        {
            attributes.Add(("softcap", (float)softcap));
        }

        if (isQuantized)
        {
            string quantization = kind == "int8channel" ? "PER_CHANNEL" : "PER_TENSOR";
            attributes.AddRange([("k_quant_type", quantization), ("v_quant_type", quantization)]);
        }

        string[] outputs = isLatent ? ["y", "kco"] : ["y", "kco", "vco"];
        builder.Node("com.microsoft.PagedAttention", [.. names], outputs, [.. attributes]).Output("y", type, "tokens", heads * valueSize).Output("kco", cacheType, BlockCount, BlockSize, keyHeads, Size);
        if (!isLatent)
        {
            builder.Output("vco", cacheType, BlockCount, BlockSize, keyHeads, Size);
        }

        using CompiledModel model = _models.Load($"Paged{kind}", builder);
        double[][] keys = new double[tokens][], queries = new double[tokens][];
        int[] rows = [.. Enumerable.Range(0, News.Length).SelectMany(static row => Enumerable.Repeat(row, News[row]))];
        int Position(int token) => Pasts[rows[token]] + token - News.Take(rows[token]).Sum();
        int Place(int row, int position) => (Table[(row * RowBlocks) + (position / BlockSize)] * BlockSize) + (position % BlockSize);
        for (int token = 0; token < tokens; token++)
        {
            queries[token] = Prepared(q, token, heads, "qn");
            keys[token] = Prepared(k, token, keyHeads, "kn");
            int place = kind == "slots" ? slots[token] : Place(rows[token], Position(token));
            for (int element = 0; place >= 0 && element < width; element++)
            {
                stored[0][(place * width) + element] = Stored(keys[token][element], scales[0], element);
                stored[1][(place * width) + element] = Stored(v[(token * width) + element], scales[1], element);
            }
        }

        double Read(int cache, int place, int element) => stored[cache][(place * width) + element] * (isQuantized ? scales[cache][scales[cache].Length == 1 ? 0 : element] : 1);
        float[] sinks = Values("sink", heads);
        float[][] results = [.. new[] { 1, 3 }.Select(threads =>
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            IReadOnlyDictionary<string, Tensor> actual = session.Run(inputs);
            foreach ((string name, int cache) in isLatent ? new[] { ("kco", 0) } : [("kco", 0), ("vco", 1)])
            {
                double[] numbers = TensorNumbers.Read(actual[name].ElementType, actual[name].Bytes);

                // A number half way between two integers, or two numbers of the cache's type, may go either way.
                double tolerance = cacheType is DataType.Int8 ? 1 : cacheType is DataType.Float8E4M3Fn ? 33 : type == DataType.Float16 ? 1e-3 : 1e-5;
                Assert.Equal(stored[cache], numbers, (left, right) => Math.Abs(left - right) <= (cacheType is DataType.Float8E4M3Fn ? Math.Abs(left) / 7 : tolerance));
                if (isQuantized)
                {
                    Assert.True(stored[cache].Zip(numbers).Count(static pair => pair.First != pair.Second) <= 4);
                }
            }

            return TensorNumbers.Read(actual["y"].ElementType, actual["y"].Bytes).Select(static value => (float)value).ToArray();
        })];
        Assert.Equal(results[0], results[1]);
        for (int token = 0; token < tokens; token++)
        {
            for (int head = 0; head < heads; head++)
            {
                int keyHead = head / (heads / keyHeads), row = rows[token], total = Pasts[row] + News[row];
                int[] seen = [.. Enumerable.Range(0, total).Where(key => (!isCausal || key <= Position(token)) && (window == 0 || key > Position(token) - window))];
                double Score(int key)
                {
                    double product = scale * Enumerable.Range(0, Size).Sum(element => queries[token][(head * Size) + element] * Read(0, Place(row, key), (keyHead * Size) + element));
                    return softcap > 0 ? softcap * Math.Tanh(product / softcap) : product;
                }

                double[] weights = [.. seen.Select(key => Math.Exp(Score(key)))];
                double sum = weights.Sum() + (kind == "sink" ? Math.Exp(sinks[head]) : 0);
                for (int element = 0; element < valueSize; element++)
                {
                    double expected = seen.Select((key, index) => weights[index] * Read(isLatent ? 0 : 1, Place(row, key), (keyHead * Size) + element)).Sum() / sum;
                    Assert.Equal(expected, results[0][(((token * heads) + head) * valueSize) + element], type == DataType.Float16 ? 3e-3 : isQuantized ? 2e-2 : 1e-5);
                }
            }
        }

        double[] Prepared(float[] source, int token, int count, string norm)
        {
            double[] result = [.. source[(token * count * Size)..((token + 1) * count * Size)].Select(value => type == DataType.Float16 ? (double)(Half)value : value)];
            for (int head = 0; head < count; head++)
            {
                Span<double> part = result.AsSpan(head * Size, Size);
                if (kind == "norm")
                {
                    double root = Math.Sqrt((part.ToArray().Sum(static value => value * value) / Size) + 1e-6);
                    float[] gain = Values(norm, Size);
                    for (int element = 0; element < Size; element++)
                    {
                        part[element] *= gain[element] / root;
                    }
                }

                for (int pair = 0; rotates && pair < 4; pair++)
                {
                    (int first, int second) = kind == "interleaved" ? (2 * pair, (2 * pair) + 1) : (start + pair, start + pair + 4);
                    (double c, double s) = (cosine[(Position(token) * 4) + pair], sine[(Position(token) * 4) + pair]);
                    (part[first], part[second]) = ((part[first] * c) - (part[second] * s), (part[second] * c) + (part[first] * s));
                }
            }

            return result;
        }

        double Stored(double value, float[] scale, int element)
        {
            double scaled = value / scale[scale.Length == 1 ? 0 : element];
            return cacheType switch
            {
                DataType.Int8 => Math.Clamp(Math.Round(scaled), -128, 127),
                DataType.Float8E4M3Fn => Nearest(Math.Clamp(scaled, -448, 448)),
                _ => type == DataType.Float16 ? (double)(Half)value : value,
            };
        }
    }

    [Theory]
    [InlineData("kv_cache_layout", "OTHER", "SEPARATE and LATENT")]
    [InlineData("kv_cache_layout", "LATENT", "layout LATENT")]
    [InlineData("k_quant_type", "PER_TENSOR", "k_quant_type")]
    [InlineData("v_cache_dtype", "int4", "two elements a byte")]
    [InlineData("v_cache_dtype", "int8", "does not fit tokens")]
    [InlineData("v_head_size", 8, "v_head_size")]
    [InlineData("do_rotary", 1, "do_rotary needs")]
    [InlineData("local_window_size", 0, "a window of 0 keys")]
    [InlineData("num_heads", 3, "do not fit 3 heads")]
    public void RefusesAttributesThatDoNotFit(string attribute, object value, string reason)
    {
        var attributes = new Dictionary<string, object> { ["num_heads"] = 2, ["kv_num_heads"] = 2, [attribute] = value };
        attributes[attribute] = value;
        Assert.Contains(reason, _models.Refusal($"Paged{attribute}{value}", Model(16, 16, 16, 2, attributes)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16, 24, 16, 2, "blocks of 24 tokens")]
    [InlineData(16, 16, 24, 2, "input 3 has the shape")]
    [InlineData(12, 16, 12, 2, "multiple of 8")]
    [InlineData(16, 16, 16, 3, "input 7 has the shape")]
    public void RefusesShapesThatDoNotFit(int size, int blockSize, int cacheSize, int rows, string reason) => Assert.Contains(
        reason, _models.Refusal($"Paged{size}{blockSize}{cacheSize}{rows}", Model(size, blockSize, cacheSize, rows, new() { ["num_heads"] = 2, ["kv_num_heads"] = 2 })), StringComparison.Ordinal);

    [Theory]
    [InlineData(new[] { 2, 0, 3 })]
    [InlineData(new[] { 0, 0, 0 })]
    [InlineData(new[] { 4, 4, 4 })]
    public void PaddingIsRemoved(int[] counts)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "rows", 4, 3).Input("counts", DataType.Int32, "rows")
            .Node("com.microsoft.RemovePadding", ["x", "counts"], ["y", "places", "ends", "longest"])
            .Output("y", "n", 3).Output("places", DataType.Int32, "rows", 4).Output("ends", DataType.Int32, "m").Output("longest", DataType.Int32, 1)
            .Node("com.microsoft.RestorePadding", ["y", "places"], ["z"]).Output("z", "rows", 4, 3);
        using CompiledModel model = _models.Load($"Remove{counts[0]}", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = Values("x", 36);
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 3, 4, 3), ["counts"] = Tensor.Create(counts, 3) });
        int[] kept = [.. Enumerable.Range(0, 12).Where(place => place % 4 < counts[place / 4])], padding = [.. Enumerable.Range(0, 12).Except(kept)];
        Assert.Equal(kept.SelectMany(place => x[(place * 3)..((place + 1) * 3)]), results["y"].AsSpan<float>().ToArray());
        Assert.Equal([.. kept, .. padding], results["places"].AsSpan<int>().ToArray());
        Assert.Equal([0, counts[0], counts[0] + counts[1], counts.Sum()], results["ends"].AsSpan<int>().ToArray());
        Assert.Equal([counts.Max()], results["longest"].AsSpan<int>().ToArray());
        Assert.Equal(x.Select((value, index) => kept.Contains(index / 3) ? value : 0), results["z"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void TokensThatThereAreNotAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 4, 3).Input("counts", DataType.Int32, 2).Node("com.microsoft.RemovePadding", ["x", "counts"], ["y"]).Output("y", "n", 3);
        using CompiledModel model = _models.Load("RemoveTooMany", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Contains("5 tokens, of 4", Assert.Throws<ArgumentException>(() => SmallModels.Run(session, "y", ("x", new(ElementType.Float32, 2, 4, 3)), ("counts", Tensor.Create([1, 5], 2)))).Message, StringComparison.Ordinal);
    }

    private static OnnxModelBuilder Model(int size, int blockSize, int cacheSize, int rows, Dictionary<string, object> attributes) => new OnnxModelBuilder()
        .Input("q", "tokens", 2 * size).Input("k", "tokens", 2 * size).Input("v", "tokens", 2 * size).Input("kc", 4, blockSize, 2, cacheSize).Input("vc", 4, blockSize, 2, cacheSize)
        .Input("ends", DataType.Int32, 3).Input("pasts", DataType.Int32, 2).Input("table", DataType.Int32, rows, 2)
        .Node("com.microsoft.PagedAttention", ["q", "k", "v", "kc", "vc", "ends", "pasts", "table"], ["y", "kco", "vco"], [.. attributes.Select(static pair => (pair.Key, pair.Value))])
        .Output("y", "tokens", 2 * size).Output("kco", 4, blockSize, 2, cacheSize).Output("vco", 4, blockSize, 2, cacheSize);

    private static float[] Values(string name, int count) => OnnxModelBuilder.WeightValues(name, count);

    private static Tensor Floats(DataType type, float[] values, params long[] shape) =>
        type == DataType.Float ? Tensor.Create(values, shape) : Tensor.Create<Half>([.. values.Select(static value => (Half)value)], shape);

    private static Tensor Cache(string name, DataType type, int count) => type switch
    {
        DataType.Int8 => Tensor.Create<sbyte>([.. Values(name, count).Select(static value => (sbyte)(value * 100))], count),
        DataType.Float8E4M3Fn => Tensor.FromBytes(ElementType.Float8E4M3FN, [.. Values(name, count).Select(static value => (byte)(64 + (value * 40)))], count),
        _ => Floats(type, Values(name, count), count),
    };

    private static Tensor Reshaped(Tensor tensor, params long[] shape) => Tensor.FromBytes(tensor.ElementType, tensor.Bytes, shape);

    private static double Nearest(double value) => Enumerable.Range(0, 256).Select(static code => TensorNumbers.Read(ElementType.Float8E4M3FN, [(byte)code])[0])
        .Where(static number => !double.IsNaN(number)).MinBy(number => Math.Abs(number - value));
}
