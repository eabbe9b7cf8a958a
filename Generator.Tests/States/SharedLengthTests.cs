using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.States;

/// <summary>Models that name the length of a cache like the number of new tokens, which it is at most by chance.</summary>
public sealed class SharedLengthTests : IDisposable
{
    private const int Heads = 2;
    private const int HeadSize = 4;

    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheCacheGetsALengthOfItsOwn(bool isCombined)
    {
        ModelCompilation compilation = _models.Compile(Model(isCombined, "tokens"));
        using CompiledModel model = compilation.CreateModel();
        ModelCompilation named = _models.Compile(Model(isCombined, "past"));
        using CompiledModel expected = named.CreateModel();
        Assert.Equal(expected.Description.States.Length, model.Description.States.Length);
        Assert.Contains(compilation.Result!.Diagnostics, static diagnostic => diagnostic.Message.Contains("set OnnxDimensions=\"tokens<=…\"", StringComparison.Ordinal));
        using CompiledSession session = model.CreateSession();
        using CompiledSession reference = expected.CreateSession();
        foreach (int tokens in new[] { 3, 1, 2 })
        {
            Dictionary<string, Tensor> inputs = new() { ["x"] = Random("x", 1, tokens, Heads * HeadSize) };
            Assert.Equal(reference.Run(inputs)["y"].AsSpan<float>().ToArray(), session.Run(inputs)["y"].AsSpan<float>().ToArray());
        }

        Assert.Equal(6, session.Length);
    }

    [Fact]
    public void ABoundOfTheSizeIsTheCapacityToo()
    {
        using CompiledModel model = _models.Compile(Model(isCombined: false, "tokens"), dimensions: "tokens<=5").CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Equal(5, session.Capacity);
        Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Random("x", 1, 6, Heads * HeadSize) }));
    }

    [Fact]
    public void WhereTheSizesHaveToBeEqualTheCacheStaysAnInput()
    {
        OnnxModelBuilder builder = Model(isCombined: false, "tokens").Input("weights", 1, Heads, "tokens", HeadSize)
            .Node("Concat", ["weights", "present_key"], ["joined"], ("axis", 3)).Output("joined", 1, Heads, "both", 2 * HeadSize);
        ModelCompilation compilation = _models.Compile(builder);
        Assert.True(compilation.Refusal is not null || compilation.Result!.Diagnostics.Any(static diagnostic => diagnostic.Message.Contains("stays an input", StringComparison.Ordinal)), compilation.Explain());
    }

    private static Tensor Random(string name, params long[] shape) => Tensor.Create<float>(OnnxModelBuilder.WeightValues(name, shape), shape);

    private static OnnxModelBuilder Model(bool isCombined, string past)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1, "tokens", Heads * HeadSize);
        if (!isCombined)
        {
            return builder.Input("past_key", 1, Heads, past, HeadSize).Input("past_value", 1, Heads, past, HeadSize)
                .Node("com.microsoft.MultiHeadAttention", ["x", "x", "x", "", "", "", "past_key", "past_value"], ["y", "present_key", "present_value"], ("num_heads", Heads))
                .Output("y", 1, "tokens", Heads * HeadSize).Output("present_key", 1, Heads, "total", HeadSize).Output("present_value", 1, Heads, "total", HeadSize);
        }

        return builder.Input("past", 2, 1, Heads, past, HeadSize).Integer("zero", 0).Integer("one", 1).Integers("first", 0)
            .Node("Gather", ["past", "zero"], ["past_key"], ("axis", 0)).Node("Gather", ["past", "one"], ["past_value"], ("axis", 0))
            .Node("com.microsoft.MultiHeadAttention", ["x", "x", "x", "", "", "", "past_key", "past_value"], ["y", "present_key", "present_value"], ("num_heads", Heads))
            .Node("Unsqueeze", ["present_key", "first"], ["keys"]).Node("Unsqueeze", ["present_value", "first"], ["values"])
            .Node("Concat", ["keys", "values"], ["present"], ("axis", 0))
            .Output("y", 1, "tokens", Heads * HeadSize).Output("present", 2, 1, Heads, "total", HeadSize);
    }
}
