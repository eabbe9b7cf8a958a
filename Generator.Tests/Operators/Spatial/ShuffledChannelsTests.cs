using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>A shuffle of channels before a depthwise convolution costs no copy, and what only looks like one stays what it is. The oracle is ONNX Runtime's native library.</summary>
public sealed class ShuffledChannelsTests
{
    private const int Channels = 12;

    /// <summary>Groups, permutation, sizes of the channels taken apart, whether rows are open, and how many copies are made.</summary>
    [SkippableTheory]
    [InlineData(3, new long[] { 0, 2, 1, 3, 4 }, false, 0)]
    [InlineData(3, new long[] { 0, 2, 1, 3, 4 }, true, 0)]
    [InlineData(1, new long[] { 0, 2, 1, 3, 4 }, false, 0)]
    [InlineData(3, new long[] { 0, 2, 1, 4, 3 }, false, 1)]
    public void AShuffleBeforeADepthwiseConvolutionIsNoCopy(int groups, long[] permutation, bool isOpen, int copies)
    {
        object rows = isOpen ? "rows" : 7;
        OnnxModelBuilder builder = new OnnxModelBuilder(20)
            .Input("x", 2, Channels, rows, 7).Output("y", 2, Channels, rows, 7)
            .Weight("mixing", Channels, Channels / groups, 1, 1).Weight("kernels", Channels, 1, 3, 3).Weight("bias", Channels)
            .Integers("apart", 0, groups, Channels / groups, -1, 7).Integers("together", 0, Channels, -1, 7)
            .Node("Conv", ["x", "mixing"], ["mixed"], ("group", (long)groups))
            .Node("Relu", ["mixed"], ["positive"])
            .Node("Reshape", ["positive", "apart"], ["groups"])
            .Node("Transpose", ["groups"], ["dealt"], ("perm", permutation))
            .Node("Reshape", ["dealt", "together"], ["shuffled"])
            .Node("Conv", ["shuffled", "kernels", "bias"], ["y"], ("group", (long)Channels), ("pads", new long[] { 1, 1, 1, 1 }));
        using var folder = new TemporaryFolder();
        ModelCompilation compilation = ModelCompilation.Run("Shuffle", builder.ToBytes(), "Shuffle", folder.Path);
        GeneratedAssembly.Build([compilation]);
        Assert.True(compilation.Type is not null, compilation.Explain());
        Assert.Equal(copies, compilation.Result!.Kernels.Count(static kernel => kernel.Kind == "copy"));
        Assert.Equal(copies == 0 && groups > 1, compilation.Result.Kernels.Any(static kernel => kernel.Kind == "convolution" && kernel.Nodes.Any(static node => node.StartsWith("Transpose", StringComparison.Ordinal))));

        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([.. Enumerable.Range(0, 2 * Channels * 49).Select(static index => (float)Math.Sin(index))], [2, Channels, 7, 7]) };
        float[] expected = OnnxRuntimeOracle.Run(builder, inputs)["y"].AsSpan<float>().ToArray();
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Equal(expected, session.Run(inputs)["y"].AsSpan<float>().ToArray(), static (left, right) => Math.Abs(left - right) <= 1e-5 * Math.Max(1, Math.Abs(left)));
    }
}
