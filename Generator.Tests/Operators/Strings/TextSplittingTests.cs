using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Strings;

/// <summary>Operators on strings whose results are as long as the data say.</summary>
public sealed class TextSplittingTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(null, null, "a b|  c  |", "a,b|c|")]
    [InlineData(null, 1, " a  b c |d", "a,b c |d")]
    [InlineData(null, 0, " a b ", "a b ")]
    [InlineData("", -1, "a\u00A0b\u2003c\u001Cd", "a,b,c,d")]
    [InlineData(",", null, ",a,|", ",a,|")]
    [InlineData("--", null, "a---b--", "a,-b,")]
    [InlineData("-", 2, "a-b-c-d|e", "a,b,c-d|e")]
    [InlineData("-", 0, "a-b", "a-b")]
    [InlineData("é", null, "1é2", "1,2")]
    public void Splits(string? delimiter, int? splits, string input, string pieces)
    {
        List<(string, object)> attributes = [];
        if (delimiter is not null)
        {
            attributes.Add(("delimiter", delimiter));
        }

        if (splits is not null)
        {
            attributes.Add(("maxsplit", splits));
        }

        // What only counts, and what only takes the pieces, are nodes of their own.
        using CompiledModel model = _models.Load("Split", new OnnxModelBuilder(20).Input("x", DataType.String, "n", 1).Node("StringSplit", ["x"], ["y", "z"], [.. attributes])
            .Node("StringSplit", ["x"], ["", "count"], [.. attributes]).Node("StringSplit", ["x"], ["only"], [.. attributes]).Node("Shape", ["only"], ["shape"])
            .Output("y", DataType.String, "n", 1, "k").Output("z", DataType.Int64, "n", 1).Output("count", DataType.Int64, "n", 1).Output("only", DataType.String, "n", 1, "j").Output("shape", DataType.Int64, 3));
        using CompiledSession session = model.CreateSession();
        string[] texts = input.Split('|');
        string[][] rows = [.. pieces.Split('|').Select((row, index) => row.Length == 0 && (delimiter ?? "").Length == 0 ? [] : row.Split(','))];
        int width = rows.Max(static row => row.Length);
        for (int run = 0; run < 2; run++)
        {
            IReadOnlyDictionary<string, Tensor> results = Run(session, Tensor.Create(texts, texts.Length, 1));
            Assert.Equal([texts.Length, 1, width], results["y"].Shape.ToArray());
            Assert.Equal(rows.SelectMany(row => row.Concat(Enumerable.Repeat("", width - row.Length))), results["y"].Texts.ToArray());
            Assert.Equal(results["y"].Texts.ToArray(), results["only"].Texts.ToArray());
            Assert.Equal(rows.Select(static row => (long)row.Length), results["z"].AsSpan<long>().ToArray());
            Assert.Equal(results["z"].AsSpan<long>().ToArray(), results["count"].AsSpan<long>().ToArray());
            Assert.Equal([texts.Length, 1, width], results["shape"].AsSpan<long>().ToArray());
            Assert.Equal([0, 1, 0], Run(session, Tensor.Create([], 0, 1))["y"].Shape.ToArray());
        }
    }

    [Theory]
    [InlineData(0, "NONE", "Monday tuesday MONDAY", "tuesday")]
    [InlineData(1, "NONE", "Monday tuesday MONDAY", "Monday tuesday MONDAY")]
    [InlineData(1, "UPPER", "monday tuesday Éa", "TUESDAY ÉA")]
    [InlineData(1, "LOWER", "Monday tuesday ÉA", "monday tuesday éa")]
    [InlineData(0, "LOWER", "MONDAY monday", "")]
    public void Normalizes(int isCaseSensitive, string action, string input, string expected)
    {
        using CompiledModel model = _models.Load("Normalize", new OnnxModelBuilder(18).Input("x", DataType.String, "b", "n")
            .Node("StringNormalizer", ["x"], ["y"], ("is_case_sensitive", isCaseSensitive), ("case_change_action", action), ("stopwords", new[] { "monday" }))
            .Node("Concat", ["y", "y"], ["twice"], ("axis", 1)).Output("y", DataType.String, 1, "k").Output("twice", DataType.String, 1, "l"));
        using CompiledSession session = model.CreateSession();
        string[] texts = input.Split(' ');
        string[] words = expected.Split(' ');
        IReadOnlyDictionary<string, Tensor> results = Run(session, Tensor.Create(texts, 1, texts.Length));
        Assert.Equal([1, words.Length], results["y"].Shape.ToArray());
        Assert.Equal(words, results["y"].Texts.ToArray());
        Assert.Equal([.. words, .. words], results["twice"].Texts.ToArray());
        Assert.Equal([""], Run(session, Tensor.Create([], 1, 0))["y"].Texts.ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(session, Tensor.Create(texts, texts.Length, 1)));
        Assert.Equal(words, Run(session, Tensor.Create(texts, 1, texts.Length))["y"].Texts.ToArray());
    }

    [Fact]
    public void WithoutStopWordsTheSizeIsKnown()
    {
        using CompiledModel model = _models.Load("Case", new OnnxModelBuilder(18).Input("x", DataType.String, 2).Node("StringNormalizer", ["x"], ["y"], ("case_change_action", "UPPER"), ("locale", "de_DE"))
            .Output("y", DataType.String, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal(["A", "ß"], Run(session, Tensor.Create(["a", "ß"], 2))["y"].Texts.ToArray());
    }

    [Theory]
    [InlineData("[\"b+\",\"c\"]", 1, "abbcd|bcb|x", "a,d||x")]
    [InlineData("[\"b|bb\"]", 2, "aabbcc", "aa,cc")]
    [InlineData("[\"b|bb\"]", 2, "abcc", "cc")]
    [InlineData("[\"x*\"]", 1, "ab", "")]
    [InlineData("[\"^a\"]", 1, "aaba", "aba")]
    [InlineData("\"[a-z]+|[0-9]\"", 1, "ab12 c|...", "ab,1,2,c|")]
    [InlineData("\"[a-z]+\"", 2, "ab c def|x", "ab,def|")]
    [InlineData("\"a*\"", 1, "baab", "aa")]
    [InlineData("\"..\"", 1, "😀bc", "😀b")]
    [InlineData("\".\"", 1, "😀b", "😀,b")]
    public void Tokenizes(string expression, int minimum, string input, string tokens)
    {
        (string, object) pattern = expression[0] == '[' ? ("separators", System.Text.Json.JsonSerializer.Deserialize<string[]>(expression)!) : ("tokenexp", expression.Trim('"'));
        using CompiledModel model = _models.Load("Tokenize", new OnnxModelBuilder(18).Input("x", DataType.String, "n").ContribNode("Tokenizer", ["x"], ["y"], ("mark", 1), ("pad_value", "#"), ("mincharnum", minimum), pattern)
            .Output("y", DataType.String, "n", "k"));
        using CompiledSession session = model.CreateSession();
        string[] texts = input.Split('|');
        string[][] rows = [.. tokens.Split('|').Select(static row => row.Length == 0 ? [] : row.Split(','))];
        int width = rows.Max(static row => row.Length) is > 0 and var longest ? longest + 2 : 0;
        Tensor y = Run(session, Tensor.Create(texts, texts.Length))["y"];
        Assert.Equal([texts.Length, width], y.Shape.ToArray());
        string[] Row(string[] row) => width == 0 ? [] : ["\u0002", .. row, "\u0003", .. Enumerable.Repeat("#", width - 2 - row.Length)];
        Assert.Equal(rows.SelectMany(Row), y.Texts.ToArray());
    }

    [Fact]
    public void NothingHasTheRankThatTheModelDeclares()
    {
        using CompiledModel model = _models.Load("Nothing", new OnnxModelBuilder(18).Input("x", DataType.String, "n", "c")
            .ContribNode("Tokenizer", ["x"], ["y"], ("mark", 1), ("pad_value", "#"), ("mincharnum", 1), ("tokenexp", ".")).Output("y", DataType.String, "n", "k"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3, 0], Run(session, new Tensor(ElementType.String, 3, 0))["y"].Shape.ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(session, Tensor.Create(["a"], 1, 1)));
    }

    [Fact]
    public void WhatIsIncompleteIsRefused()
    {
        string Refusal(string type, params (string, object)[] attributes) => _models.Refusal("Refused",
            new OnnxModelBuilder(18).Input("x", DataType.String, 2, 2).Node(type, ["x"], ["y"], attributes).Output("y", DataType.String, "a", "b"));
        (string, object)[] complete = [("mark", 0), ("pad_value", ""), ("mincharnum", 1), ("separators", new[] { "a" })];
        foreach (string attribute in new[] { "mark", "pad_value", "mincharnum", "separators" })
        {
            Assert.Contains(attribute, Refusal("com.microsoft.Tokenizer", [.. complete.Where(other => other.Item1 != attribute)]));
        }

        Assert.Contains("mincharnum", Refusal("com.microsoft.Tokenizer", ("mark", 0), ("pad_value", ""), ("mincharnum", 2), ("separators", new[] { "" })));
        Assert.Contains("is not closed", Refusal("com.microsoft.Tokenizer", ("mark", 0), ("pad_value", ""), ("mincharnum", 2), ("tokenexp", "(a")));
        Assert.Contains("[1, C]", Refusal("StringNormalizer"));
        string Words(params (string, object)[] attributes) => _models.Refusal("Words", new OnnxModelBuilder(18).Input("x", DataType.String, 2).Node("StringNormalizer", ["x"], ["y"], attributes).Output("y", DataType.String, "n"));
        Assert.Contains("case_change_action", Words(("case_change_action", "TITLE")));
        Assert.Contains("tr_TR", Words(("case_change_action", "LOWER"), ("locale", "tr_TR")));
    }

    private static IReadOnlyDictionary<string, Tensor> Run(CompiledSession session, Tensor x) => session.Run(new Dictionary<string, Tensor> { ["x"] = x });
}
