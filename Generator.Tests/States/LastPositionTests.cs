using Cameo.Generation;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.States;

/// <summary>Who continues a text gets the last position's logits, with the bits that they have among all positions; the others are computed only where they are asked for.</summary>
public sealed class LastPositionTests : IDisposable
{
    private const int Heads = 2;
    private const int HeadSize = 4;
    private const int Vocabulary = 41;

    private static readonly int[] Prompt = [3, 40, 0, 17, 5];

    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("bias and soft cap")]
    public void OnlyTheLastPositionIsComputed(string head)
    {
        ModelCompilation compilation = _models.Compile(Decoder(head));
        using CompiledModel model = compilation.CreateModel();
        float[] all = Run(model);
        Assert.Equal(Prompt.Length * Vocabulary, all.Length);
        using CompiledSession session = model.CreateSession();
        Assert.Equal(all[^Vocabulary..], Forward(session));

        // A run wants all of them again.
        session.Reset();
        Assert.Equal(all, Logits(session));
        Assert.Contains("_lastPositionOnly ?", Code(compilation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other reader")]
    [InlineData("residual")]
    public void EveryPositionIsComputedWhereMoreDependsOnThem(string head)
    {
        ModelCompilation compilation = _models.Compile(Decoder(head));
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Equal(Run(model)[^Vocabulary..], Forward(session));
        Assert.DoesNotContain("_lastPositionOnly", Code(compilation), StringComparison.Ordinal);
    }

    [Fact]
    public void AModelThatTakesTheLastPositionItselfGenerates()
    {
        using CompiledModel all = _models.Compile(Decoder("plain")).CreateModel();
        using CompiledModel last = _models.Compile(Decoder("last")).CreateModel();
        using CompiledSession session = last.CreateSession(), expected = all.CreateSession();
        Assert.Equal(Run(all)[^Vocabulary..], Forward(session));
        session.Reset();
        var options = new GenerationOptions { MaximumTokens = 12 };
        int[] tokens = [.. new TokenGenerator(Assert.IsAssignableFrom<IDecoder>(session)).Generate(Prompt, options)];
        Assert.Equal([.. new TokenGenerator(Assert.IsAssignableFrom<IDecoder>(expected)).Generate(Prompt, options)], tokens);
        Assert.Equal(12, tokens.Length);
    }

    private static string Code(ModelCompilation compilation) => string.Concat(compilation.Result!.Sources.Select(static source => source.Text));

    private static float[] Forward(CompiledSession session) => Assert.IsAssignableFrom<IDecoder>(session).Forward(Prompt).ToArray();

    private static float[] Run(CompiledModel model)
    {
        using CompiledSession session = model.CreateSession();
        return Logits(session);
    }

    private static float[] Logits(CompiledSession session) => session.Run(
        new Dictionary<string, Tensor> { ["input_ids"] = Tensor.Create([.. Prompt.Select(static token => (long)token)], [1, Prompt.Length]) })["logits"].AsSpan<float>().ToArray();

    /// <summary>Token ids → embedding → attention over a cache → logits.</summary>
    private static OnnxModelBuilder Decoder(string head)
    {
        const int size = Heads * HeadSize;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("input_ids", DataType.Int64, 1, "tokens").Input("past_key", 1, Heads, "past", HeadSize).Input("past_value", 1, Heads, "past", HeadSize)
            .Weight("embedding", Vocabulary, size).Weight("head", size, Vocabulary)
            .Node("Gather", ["embedding", "input_ids"], ["x"])
            .Node("com.microsoft.MultiHeadAttention", ["x", "x", "x", "", "", "", "past_key", "past_value"], ["y", "present_key", "present_value"], ("num_heads", Heads));
        switch (head)
        {
            case "bias and soft cap":
                builder.Weight("bias", Vocabulary).Constant("cap", [0.5f]).Node("MatMul", ["y", "head"], ["sums"]).Node("Add", ["sums", "bias"], ["biased"])
                    .Node("Div", ["biased", "cap"], ["scaled"]).Node("Tanh", ["scaled"], ["capped"]).Node("Mul", ["capped", "cap"], ["logits"]);
                break;
            case "residual":
                builder.Weight("other", Vocabulary, Vocabulary).Node("Gather", ["other", "input_ids"], ["residual"]).Node("MatMul", ["y", "head"], ["sums"]).Node("Add", ["sums", "residual"], ["logits"]);
                break;
            case "last":
                builder.Integers("minus", -1).Node("Gather", ["y", "minus"], ["final"], ("axis", 1)).Node("MatMul", ["final", "head"], ["logits"]);
                break;
            default:
                builder.Node("MatMul", ["y", "head"], ["logits"]);
                break;
        }

        if (head == "other reader")
        {
            builder.Node("ArgMax", ["logits"], ["best"], ("axis", -1)).Output("best", DataType.Int64, 1, "tokens", 1);
        }

        return builder.Output("logits", 1, head == "last" ? 1 : "tokens", Vocabulary).Output("present_key", 1, Heads, "total", HeadSize).Output("present_value", 1, Heads, "total", HeadSize);
    }
}
