using System.Text;
using Cameo.Kernels;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Strings;

/// <summary>Operators on strings with open sizes, types and attributes that the conformance cases lack.</summary>
public sealed class TextOperatorTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ConcatenationBroadcastsOpenSizes()
    {
        using CompiledModel model = _models.Load("Concat", new OnnxModelBuilder(20).Input("x", DataType.String, "n", 1).Input("y", DataType.String, "m").Texts("s", ["-"])
            .Node("StringConcat", ["x", "s"], ["xs"]).Node("StringConcat", ["xs", "y"], ["z"]).Node("Transpose", ["z"], ["t"]).Node("StringConcat", ["t", "t"], ["tt"])
            .Output("z", DataType.String, "n", "m").Output("tt", DataType.String, "m", "n"));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = Run(session, ("x", Tensor.Create(["a", ""], 2, 1)), ("y", Tensor.Create(["1", "", "😀"], 3)));
        Assert.Equal(["a-1", "a-", "a-😀", "-1", "-", "-😀"], results["z"].Texts.ToArray());
        Assert.Equal(["a-1a-1", "-1-1", "a-a-", "--", "a-😀a-😀", "-😀-😀"], results["tt"].Texts.ToArray());
        Assert.Equal(["q-r"], Run(session, ("x", Tensor.Create(["q"], 1, 1)), ("y", Tensor.Create(["r"], 1)))["z"].Texts.ToArray());
        Assert.Equal(0, Run(session, ("x", Tensor.Create(["q"], 1, 1)), ("y", Tensor.Create([], 0)))["z"].ElementCount);
    }

    [Theory]
    [InlineData((int)DataType.Float, "0.0 -0.0 1.0 314.15927 0.0001 1e-05 1e+16 1000000000000000.0 1.5e-07 NaN INF -INF 3.4028235e+38 1e-45", "0;-0;1;314.15926;0.0001;0.00001;1e16;1e15;1.5e-7;NaN;Infinity;-Infinity;3.4028235e38;1e-45")]
    [InlineData((int)DataType.Double, "0.1 123456.789 5e-324 1.7976931348623157e+308 -2.0", "0.1;123456.789;5e-324;1.7976931348623157e308;-2")]
    [InlineData((int)DataType.Float16, "0.1 65500.0 6e-08", "0.1;65504;5.96e-8")]
    [InlineData((int)DataType.Int64, "9223372036854775807 -9223372036854775808 0", "9223372036854775807;-9223372036854775808;0")]
    [InlineData((int)DataType.Uint64, "18446744073709551615", "18446744073709551615")]
    [InlineData((int)DataType.Int8, "-128 127", "-128;127")]
    [InlineData((int)DataType.Uint8, "255 0", "255;0")]
    [InlineData((int)DataType.Bool, "True False", "true;false")]
    public void NumbersBecomeTexts(int number, string expected, string numbers)
    {
        var type = (DataType)number;
        using CompiledModel model = _models.Load($"Write{type}", new OnnxModelBuilder(19).Input("x", type, "n").Node("Cast", ["x"], ["y"], ("to", (int)DataType.String)).Output("y", DataType.String, "n"));
        using CompiledSession session = model.CreateSession();
        Tensor input = Numbers(type, numbers.Split(';'));
        Assert.Equal(expected.Split(' '), Run(session, ("x", input))["y"].Texts.ToArray());
    }

    [Theory]
    [InlineData((int)DataType.Float, "3.14;1000;1e-5;1E8;NaN;INF;+INF;-inf;nan; 7 ", "3.14;1000;0.00001;1e8;NaN;Infinity;Infinity;-Infinity;NaN;7")]
    [InlineData((int)DataType.Double, "0.1;-1e308;-INF", "0.1;-1e308;-Infinity")]
    [InlineData((int)DataType.Float16, "0.1;-2;inf", "0.1;-2;Infinity")]
    [InlineData((int)DataType.Int64, "9223372036854775807;-5;100.5;1e3", "9223372036854775807;-5;100;1000")]
    [InlineData((int)DataType.Uint64, "18446744073709551615;7.9", "18446744073709551615;7")]
    [InlineData((int)DataType.Int8, "-128;12", "-128;12")]
    [InlineData((int)DataType.Bool, "True;false;1;0;2.5", "true;false;true;false;true")]
    public void TextsBecomeNumbers(int number, string texts, string numbers)
    {
        var type = (DataType)number;
        using CompiledModel model = _models.Load($"Read{type}", new OnnxModelBuilder(19).Input("x", DataType.String, "n").Input("like", type, 1)
            .Node("Cast", ["x"], ["y"], ("to", (int)type)).Node("CastLike", ["x", "like"], ["z"]).Output("y", type, "n").Output("z", type, "n"));
        using CompiledSession session = model.CreateSession();
        string[] elements = texts.Split(';');
        Tensor expected = Numbers(type, numbers.Split(';'));
        IReadOnlyDictionary<string, Tensor> results = Run(session, ("x", Tensor.Create(elements, elements.Length)), ("like", new Tensor((ElementType)(int)type, 1)));
        Assert.Equal(expected.Bytes.ToArray(), results["y"].Bytes.ToArray());
        Assert.Equal(expected.Bytes.ToArray(), results["z"].Bytes.ToArray());
        string fault = Assert.Throws<FormatException>(() => Run(session, ("x", Tensor.Create(["1", "Hello"], 2)), ("like", new Tensor((ElementType)(int)type, 1)))).Message;
        Assert.Contains("element 1 is 'Hello'", fault);
        Assert.Contains("Cast", fault);
    }

    [Fact]
    public void IntegersOutsideTheTypeAreRefused()
    {
        using CompiledModel model = _models.Load("Large", new OnnxModelBuilder(19).Input("x", DataType.String, "n").Node("Cast", ["x"], ["y"], ("to", (int)DataType.Int64)).Output("y", DataType.Int64, "n"));
        using CompiledSession session = model.CreateSession();
        foreach (string text in new[] { "9223372036854775808", "1e19", "NaN", "INF", "" })
        {
            Assert.Throws<FormatException>(() => Run(session, ("x", Tensor.Create([text], 1))));
        }
    }

    [Fact]
    public void PatternsAreMatchedAndCheckedAtBuild()
    {
        OnnxModelBuilder Builder(string pattern) => new OnnxModelBuilder(20).Input("x", DataType.String, "n", 2).Node("RegexFullMatch", ["x"], ["y"], ("pattern", pattern)).Output("y", DataType.Bool, "n", 2);
        using CompiledModel model = _models.Load("Match", Builder("(?i)\"[a-c]+\\\\\\d*"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([true, false], Run(session, ("x", Tensor.Create(["\"aBC\\12", "abc"], 1, 2)))["y"].AsSpan<bool>().ToArray());
        Assert.Contains("backreference", _models.Refusal("Back", Builder("(a)\\1")));
        Assert.Contains("pattern", _models.Refusal("None", new OnnxModelBuilder(20).Input("x", DataType.String, 2).Node("RegexFullMatch", ["x"], ["y"]).Output("y", DataType.Bool, 2)));
    }

    [Theory]
    [InlineData("", 0, 0u)]
    [InlineData("", 1, 0x514E28B7u)]
    [InlineData("a", 0x9747b28c, 0x7FA09EA6u)]
    [InlineData("aa", 0x9747b28c, 0x5D211726u)]
    [InlineData("aaa", 0x9747b28c, 0x283E0130u)]
    [InlineData("aaaa", 0x9747b28c, 0x5A97808Au)]
    [InlineData("Hello, world!", 0x9747b28c, 0x24884CBAu)]
    [InlineData("ππππππππ", 0x9747b28c, 0xD58063C1u)]
    public void PublishedHashes(string text, uint seed, uint expected) => Assert.Equal(expected, MurmurHash.Hash(Encoding.UTF8.GetBytes(text), seed));

    [Fact]
    public void StringsAreHashedByTheirBytes()
    {
        using CompiledModel model = _models.Load("Hash", new OnnxModelBuilder(18).Input("x", DataType.String, "n").ContribNode("MurmurHash3", ["x"], ["y"], ("seed", 0x9747b28cL), ("positive", 0))
            .Output("y", DataType.Int32, "n"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([unchecked((int)0xD58063C1), 0x24884CBA], Run(session, ("x", Tensor.Create(["ππππππππ", "Hello, world!"], 2)))["y"].AsSpan<int>().ToArray());
    }

    [Theory]
    [InlineData("TF", new float[] { 2, 0, 1, 1 })]
    [InlineData("IDF", new float[] { 5, 0, 0.5f, 7 })]
    [InlineData("TFIDF", new float[] { 10, 0, 0.5f, 7 })]
    public void StringsAreCountedAndWeighted(string mode, float[] expected)
    {
        // Columns in another order than the pool: [b, a b, x, b c a] stand in columns 0, 2, 1 and 3.
        using CompiledModel model = _models.Load($"Grams{mode}", new OnnxModelBuilder(18).Input("x", DataType.String, "n", "c").Node("TfIdfVectorizer", ["x"], ["y"],
            ("mode", mode), ("min_gram_length", 1), ("max_gram_length", 3), ("max_skip_count", 0), ("ngram_counts", new long[] { 0, 2, 4 }), ("ngram_indexes", new long[] { 0, 1, 2, 3 }),
            ("pool_strings", new[] { "b", "x", "a", "b", "b", "c", "a" }), ("weights", new[] { 5f, 3, 0.5f, 7 })).Output("y", "n", 4));
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create(["a", "b", "c", "a", "b", "c", "c", "c", "c", "B"], 2, 5)));
        float[] first = [.. y.Take(4)];
        // "a b" comes twice in the first row.
        first[2] = mode == "IDF" ? first[2] : first[2] / 2;
        Assert.Equal(expected, first);
        Assert.Equal([0, 0, 0, 0], y.Skip(4));
        Assert.Equal([0, 0, 0, 0], SmallModels.Run(session, "y", ("x", Tensor.Create([], 1, 0))));
    }

    [Fact]
    public void WeightsFollowTheirNGrams()
    {
        OnnxModelBuilder Builder(long[] columns, params (string, object)[] more) => new OnnxModelBuilder(18).Input("x", DataType.Int64, "c").Node("TfIdfVectorizer", ["x"], ["y"],
            [("mode", "TFIDF"), ("min_gram_length", 1), ("max_gram_length", 1), ("max_skip_count", 0), ("ngram_counts", new long[] { 0 }), ("ngram_indexes", columns),
            ("pool_int64s", new long[] { 7, 8, -9 }), ("weights", new[] { 1f, 10, 100 }), .. more]).Output("y", "w");
        using CompiledModel model = _models.Load("Weights", Builder([3, 0, 2]));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([20, 0, 100, 1], SmallModels.Run(session, "y", ("x", Tensor.Create([8L, 7, 8, -9, 5], 5))));
        Assert.Contains("weights 1 and 10", _models.Refusal("Shared", Builder([0, 0, 1])));
        Assert.Contains("columns", _models.Refusal("Few", Builder([0, 1])));
        Assert.Contains("pool", _models.Refusal("Pools", Builder([0, 1, 2], ("pool_strings", new[] { "a" }))));
    }

    [Fact]
    public void SkippedItemsMayStandBetween()
    {
        long[] x = [1, 2, 1, 3, 2, 2, 3, 1, 1, 2];
        using CompiledModel model = _models.Load("Skips", new OnnxModelBuilder(18).Input("x", DataType.Int64, "c").Node("TfIdfVectorizer", ["x"], ["y"], ("mode", "TF"), ("min_gram_length", 2),
            ("max_gram_length", 3), ("max_skip_count", 2), ("ngram_counts", new long[] { 0, 1, 5 }), ("ngram_indexes", new long[] { 0, 1, 2, 3 }),
            ("pool_int64s", new long[] { 1, 1, 2, 2, 3, 1, 2, 2 })).Output("y", 4));
        using CompiledSession session = model.CreateSession();
        float Count(params long[] gram) => Enumerable.Range(1, 3).Sum(distance => Enumerable.Range(0, x.Length)
            .Count(start => gram.Select((item, index) => start + (index * distance) < x.Length && x[start + (index * distance)] == item).All(static same => same)));
        Assert.Equal([0, Count(1, 2), Count(2, 3), Count(1, 2, 2)], SmallModels.Run(session, "y", ("x", Tensor.Create(x, x.Length))));
    }

    [Fact]
    public void WordsOfOpenNumberAndShortWords()
    {
        const int Characters = 6, Size = 3, Window = 3, Filters = 2, Length = 5;
        using CompiledModel model = _models.Load("Words", new OnnxModelBuilder(18).Input("x", DataType.Int32, "n", Length).Weight("w", Filters, 1, Window, Size).Weight("b", Filters).Weight("c", Characters, Size)
            .ContribNode("WordConvEmbedding", ["x", "w", "b", "c"], ["y"]).Output("y", "n", Filters));
        using CompiledSession session = model.CreateSession();
        int[] x = [1, 2, 3, 4, 5, 5, 4, 0, 0, 0, 0, 3, 2, 1, 0, 2, 0, 0, 0, 0];
        float[] w = OnnxModelBuilder.WeightValues("w", Filters, 1, Window, Size), b = OnnxModelBuilder.WeightValues("b", Filters), c = OnnxModelBuilder.WeightValues("c", Characters, Size);
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create(x, 4, Length)));
        for (int word = 0; word < 4; word++)
        {
            int[] letters = x[(word * Length)..((word + 1) * Length)];
            int count = Math.Max(letters.Count(static letter => letter > 0), Window) - Window + 1;
            for (int filter = 0; filter < Filters; filter++)
            {
                double expected = letters[0] == 0 ? 0 : Enumerable.Range(0, count).Max(start => Math.Tanh(b[filter] + Enumerable.Range(0, Window * Size)
                    .Sum(index => (double)w[(filter * Window * Size) + index] * c[(letters[start + (index / Size)] * Size) + (index % Size)])));
                Assert.Equal(expected, y[(word * Filters) + filter], 1e-5);
            }
        }
    }

    private static Tensor Numbers(DataType type, string[] numbers)
    {
        T[] Parse<T>()
            where T : ISpanParsable<T> => [.. numbers.Select(static number => T.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];
        int n = numbers.Length;
        return type switch
        {
            DataType.Float => Tensor.Create(Parse<float>(), n),
            DataType.Double => Tensor.Create(Parse<double>(), n),
            DataType.Float16 => Tensor.Create(Parse<Half>(), n),
            DataType.Int64 => Tensor.Create(Parse<long>(), n),
            DataType.Uint64 => Tensor.Create(Parse<ulong>(), n),
            DataType.Int8 => Tensor.Create(Parse<sbyte>(), n),
            DataType.Uint8 => Tensor.Create(Parse<byte>(), n),
            DataType.Bool => Tensor.Create(Parse<bool>(), n),
            _ => throw new NotSupportedException(type.ToString()),
        };
    }

    private static IReadOnlyDictionary<string, Tensor> Run(CompiledSession session, params (string Name, Tensor Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value));
}
