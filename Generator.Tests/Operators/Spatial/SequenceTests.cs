using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>Reversed sequences and repeated phrases.</summary>
public sealed class SequenceTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_first_steps_of_sequences_are_reversed(int batchAxis)
    {
        object[] sizes = batchAxis == 0 ? ["n", "steps", 2] : ["steps", "n", 2];
        using CompiledModel model = _models.Load($"Reverse{batchAxis}", new OnnxModelBuilder()
            .Input("x", DataType.Uint16, sizes).Input("lengths", DataType.Int64, "n")
            .Node("ReverseSequence", ["x", "lengths"], ["y"], ("batch_axis", batchAxis), ("time_axis", 1 - batchAxis)).Output("y", DataType.Uint16, sizes));
        using CompiledSession session = model.CreateSession();
        long[] lengths = [3, 0, 4, 1], shape = batchAxis == 0 ? [4, 4, 2] : [4, 4, 2];
        ushort[] x = [.. Enumerable.Range(0, 32).Select(static value => (ushort)value)];
        ushort[] y = Run(lengths);
        for (int element = 0; element < 32; element++)
        {
            int inner = element % 2, second = element / 2 % 4, first = element / 8;
            (int sequence, int step) = batchAxis == 0 ? (first, second) : (second, first);
            int from = step < lengths[sequence] ? (int)lengths[sequence] - 1 - step : step;
            Assert.Equal(x[batchAxis == 0 ? (((sequence * 4) + from) * 2) + inner : (((from * 4) + sequence) * 2) + inner], y[element]);
        }

        Assert.Contains("ReverseSequence", Assert.Throws<IndexOutOfRangeException>(() => Run([5, 0, 0, 0])).Message, StringComparison.Ordinal);
        Assert.Throws<IndexOutOfRangeException>(() => Run([-1, 0, 0, 0]));

        ushort[] Run(long[] given) => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<ushort>(x, shape), ["lengths"] = Tensor.Create<long>(given, 4) })["y"].AsSpan<ushort>().ToArray();
    }

    [Fact]
    public void Axes_that_are_not_the_first_two_are_refused()
    {
        string refusal = _models.Refusal("ReverseRefused", new OnnxModelBuilder().Input("x", 2, 2, 2).Input("lengths", DataType.Int64, 2)
            .Node("ReverseSequence", ["x", "lengths"], ["y"], ("batch_axis", 2), ("time_axis", 0)).Output("y", 2, 2, 2));
        Assert.Contains("ReverseSequence", refusal, StringComparison.Ordinal);
    }

    /// <summary>A phrase of one token forbids every token that was; of more tokens than a row has it forbids nothing.</summary>
    [Theory]
    [InlineData(1, new long[] { 0, 1, 2 })]
    [InlineData(2, new long[] { 2 })]
    [InlineData(3, new long[] { 0 })]
    [InlineData(9, new long[] { })]
    public void Tokens_that_would_repeat_a_phrase_are_forbidden(int size, long[] forbidden)
    {
        using CompiledModel model = _models.Load($"Phrases{size}", new OnnxModelBuilder()
            .Input("tokens", DataType.Int64, "n", "count").Input("scores", "n", 4)
            .Node("com.microsoft.NGramRepeatBlock", ["tokens", "scores"], ["y"], ("ngram_size", size)).Output("y", "n", 4));
        using CompiledSession session = model.CreateSession();

        // The end "1" was followed by 2 (and by 0 in no pair that begins with another token); "2 1" was followed by 0.
        float[] y = SmallModels.Run(session, "y", ("tokens", Tensor.Create<long>(size == 3 ? [2, 1, 0, 2, 1] : [0, 1, 2, 0, 1], 1, 5)), ("scores", Tensor.Create<float>([1, 2, 3, 4], 1, 4)));
        Assert.Equal(Enumerable.Range(0, 4).Select(token => forbidden.Contains(token) ? float.NegativeInfinity : token + 1), y);
    }

    [Fact]
    public void Forbidden_tokens_without_a_score_are_errors()
    {
        using CompiledModel model = _models.Load("PhraseOutside", new OnnxModelBuilder()
            .Input("tokens", DataType.Int64, 1, 2).Input("scores", 1, 4)
            .Node("com.microsoft.NGramRepeatBlock", ["tokens", "scores"], ["y"], ("ngram_size", 1)).Output("y", 1, 4));
        using CompiledSession session = model.CreateSession();
        Assert.Throws<IndexOutOfRangeException>(() => SmallModels.Run(session, "y", ("tokens", Tensor.Create<long>([4, 0], 1, 2)), ("scores", Tensor.Create<float>([1, 2, 3, 4], 1, 4))));
    }

    /// <summary>Predicted tokens count as far as they agree, and one more; the place behind the longest phrase that ends them and stands in the source once.</summary>
    [Theory]
    [InlineData(0, new long[] { 1, 5, 9, 9, 9, 9 }, new long[] { 2, 1, 5, 9 }, -1)]
    [InlineData(2, new long[] { 3, 1, 5, 4 }, new long[] { 2, 3, 1, 5 }, 2)]
    public void Predicted_tokens_are_taken_over(long previous, long[] predicted, long[] expected, long match)
    {
        using CompiledModel model = _models.Load($"Bifurcation{previous}", new OnnxModelBuilder()
            .Input("source", DataType.Int64, 5).Input("current", DataType.Int64, 1).Input("previous", DataType.Int64).Input("predicted", DataType.Int64, predicted.Length)
            .Node("com.microsoft.BifurcationDetector", ["source", "current", "previous", "predicted"], ["tokens", "match"]).Output("tokens", DataType.Int64, "count").Output("match", DataType.Int64));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> Run(params long[] given) => session.Run(new Dictionary<string, Tensor>
        {
            ["source"] = Tensor.Create<long>([1, 5, 3, 1, 4], 5),
            ["current"] = Tensor.Create<long>([2], 1),
            ["previous"] = Tensor.Create<long>([previous]),
            ["predicted"] = Tensor.Create<long>(given, given.Length),
        });
        Assert.Equal(expected, Run(predicted)["tokens"].AsSpan<long>().ToArray());
        Assert.Equal(match, Run(predicted)["match"].AsSpan<long>()[0]);

        // Nothing agrees: one token is taken over.
        Assert.Equal([2, 7], Run([7, .. predicted[1..]])["tokens"].AsSpan<long>().ToArray());
    }
}
