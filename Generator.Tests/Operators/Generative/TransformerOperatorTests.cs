using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>Operators that optimisers write for parts of transformers, element by element in double precision.</summary>
public sealed class TransformerOperatorTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void BiasAddAndDropoutSum()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n", 3, 4).Weight("b", 4).Input("r", "n", 3, 4)
            .Node("com.microsoft.BiasAdd", ["x", "b", "r"], ["y"]).Output("y", "n", 3, 4)
            .Node("com.microsoft.BiasDropout", ["x", "b", "r"], ["z", "mask"]).Output("z", "n", 3, 4).Output("mask", DataType.Bool, "n", 3, 4)
            .Node("com.microsoft.BitmaskBiasDropout", ["x", "b"], ["w"]).Output("w", "n", 3, 4);
        float[] x = Values("x", 24), b = Values("b", 4), r = Values("r", 24);
        IReadOnlyDictionary<string, Tensor> results = Run("Sums", builder, ("x", Tensor.Create(x, 2, 3, 4)), ("r", Tensor.Create(r, 2, 3, 4)));
        float[] sum = [.. x.Select((value, index) => value + b[index % 4] + r[index])];
        Assert.Equal(sum, results["y"].AsSpan<float>().ToArray());
        Assert.Equal(sum, results["z"].AsSpan<float>().ToArray());
        Assert.Equal([.. x.Select((value, index) => value + b[index % 4])], results["w"].AsSpan<float>().ToArray());
        Assert.All(results["mask"].AsSpan<bool>().ToArray(), Assert.True);
    }

    [Fact]
    public void TrainingIsRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 4).Weight("b", 4).Number("ratio", DataType.Float, 0.5, asNode: false).Boolean("training", true)
            .Node("com.microsoft.BiasDropout", ["x", "b", "", "ratio", "training"], ["y"]).Output("y", 4);
        Assert.Contains("training_mode", _models.Refusal("Training", builder), StringComparison.Ordinal);
    }

    [Fact]
    public void HalvesGateEachOther()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, "s", 6).Weight("b", 6).Node("com.microsoft.BiasSplitGelu", ["x", "b"], ["y"]).Output("y", 2, "s", 3);
        float[] x = Values("x", 36), b = Values("b", 6);
        float[] y = Run("Split", builder, ("x", Tensor.Create(x, 2, 3, 6)))["y"].AsSpan<float>().ToArray();
        for (int index = 0; index < y.Length; index++)
        {
            int row = index / 3 * 6, column = index % 3;
            double right = x[row + column + 3] + b[column + 3];
            Assert.Equal((x[row + column] + b[column]) * Gelu(right), y[index], 1e-6);
        }
    }

    /// <summary>Erf by its series, which converges for the small arguments here.</summary>
    private static double Gelu(double value)
    {
        double z = value / Math.Sqrt(2), term = z, sum = z;
        for (int n = 1; n < 40; n++)
        {
            term *= -z * z / n;
            sum += term / ((2 * n) + 1);
        }

        return 0.5 * value * (1 + (2 / Math.Sqrt(Math.PI) * sum));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 0)]
    public void SoftmaxTakesAllAxesFromItsOwnOn(int axis, int inner)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n", 3, 4).Weight("b", 1, 4)
            .Node("com.microsoft.BiasSoftmax", ["x", "b"], ["y"], ("axis", axis), ("is_inner_broadcast", inner)).Output("y", "n", 3, 4);
        float[] x = Values("x", 24), b = Values("b", 4);
        float[] y = Run($"Softmax{axis}", builder, ("x", Tensor.Create(x, 2, 3, 4)))["y"].AsSpan<float>().ToArray();
        int size = axis == 2 ? 4 : 12;
        double[] powers = [.. x.Select((value, index) => Math.Exp((double)value + b[index % 4]))];
        for (int index = 0; index < y.Length; index++)
        {
            Assert.Equal(powers[index] / powers.Skip(index / size * size).Take(size).Sum(), y[index], 1e-6);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void GroupsAreNormalized(bool isLast, bool hasSkip)
    {
        const int Channels = 6, Groups = 3, Pixels = 4;
        long[] shape = isLast ? [2, 2, 2, Channels] : [2, Channels, 2, 2];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", [.. shape.Cast<object>()]).Weight("gamma", Channels).Weight("beta", Channels);
        (string, object)[] attributes = [("groups", Groups), ("activation", 1), ("channels_last", isLast ? 1 : 0), ("epsilon", 1e-3f)];
        _ = hasSkip
            ? builder.Weight("skip", 2, Channels).Weight("bias", Channels).Node("com.microsoft.SkipGroupNorm", ["x", "gamma", "beta", "skip", "bias"], ["y", "s"], attributes).Output("s", [.. shape.Cast<object>()])
            : builder.Node("com.microsoft.GroupNorm", ["x", "gamma", "beta"], ["y"], attributes);
        builder.Output("y", [.. shape.Cast<object>()]);
        float[] x = Values("x", 2 * Channels * Pixels);
        IReadOnlyDictionary<string, Tensor> results = Run($"Norm{isLast}{hasSkip}", builder, ("x", Tensor.Create(x, shape)));
        float[] gamma = Values("gamma", Channels), beta = Values("beta", Channels), skip = Values("skip", 2 * Channels), bias = Values("bias", Channels), y = results["y"].AsSpan<float>().ToArray();
        int At(int row, int channel, int pixel) => isLast ? (((row * Pixels) + pixel) * Channels) + channel : (((row * Channels) + channel) * Pixels) + pixel;
        double Sum(int row, int channel, int pixel) => x[At(row, channel, pixel)] + (hasSkip ? skip[(row * Channels) + channel] + bias[channel] : 0.0);
        for (int row = 0; row < 2; row++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                double[] group = [.. Enumerable.Range(channel / 2 * 2, 2).SelectMany(other => Enumerable.Range(0, Pixels).Select(pixel => Sum(row, other, pixel)))];
                double mean = group.Average(), variance = group.Average(value => (value - mean) * (value - mean));
                for (int pixel = 0; pixel < Pixels; pixel++)
                {
                    double normal = ((Sum(row, channel, pixel) - mean) / Math.Sqrt(variance + 1e-3) * gamma[channel]) + beta[channel];
                    Assert.Equal(normal / (1 + Math.Exp(-normal)), y[At(row, channel, pixel)], 1e-5);
                    if (hasSkip)
                    {
                        Assert.Equal(Sum(row, channel, pixel), results["s"].AsSpan<float>()[At(row, channel, pixel)], 1e-6);
                    }
                }
            }
        }
    }

    /// <summary>(1 + 2i)(3 ± 4i) and (3 + 5i)(5 ± 7i).</summary>
    [Theory]
    [InlineData("ComplexMul", new float[] { -5, 10, -20, 46 })]
    [InlineData("ComplexMulConj", new float[] { 11, 2, 50, 4 })]
    public void ComplexNumbersMultiply(string type, float[] expected)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", "n", 2).Input("b", "n", 2).Node($"com.microsoft.{type}", ["a", "b"], ["y"]).Output("y", "n", 2);
        Tensor y = Run(type, builder, ("a", Tensor.Create<float>([1, 2, 3, 5], 2, 2)), ("b", Tensor.Create<float>([3, 4, 5, 7], 2, 2)))["y"];
        Assert.Equal(expected, y.AsSpan<float>().ToArray());
    }

    [Fact]
    public void IntegersMultiplyAndSum()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", DataType.Uint8, 2, 3).Constant("az", DataType.Uint8, [100]).Input("b", DataType.Uint8, 3)
            .Node("com.microsoft.MulInteger", ["a", "az", "b"], ["y"]).Output("y", DataType.Int32, 2, 3)
            .Node("com.microsoft.ReduceSumInteger", ["a"], ["s"], ("axes", new long[] { 1 }), ("keepdims", 0)).Output("s", DataType.Int32, 2);
        IReadOnlyDictionary<string, Tensor> results = Run("Integers", builder, ("a", Tensor.Create<byte>([0, 100, 255, 1, 2, 3], 2, 3)), ("b", Tensor.Create<byte>([255, 7, 200], 3)));
        Assert.Equal([-25500, 0, 31000, -25245, -686, -19400], results["y"].AsSpan<int>().ToArray());
        Assert.Equal([355, 6], results["s"].AsSpan<int>().ToArray());
    }

    [Fact]
    public void SmallOnesDoWhatTheirNamesSay()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 2).Input("index", DataType.Int64, 3).Weight("w", 2, 2).Weight("b", 2)
            .Node("com.microsoft.TorchEmbedding", ["w", "index"], ["e"]).Output("e", 3, 2)
            .Node("com.microsoft.IsAllFinite", ["x", "w"], ["finite"]).Output("finite", DataType.Bool)
            .Node("com.microsoft.IsAllFinite", ["x"], ["numbers"], ("isnan_only", 1)).Output("numbers", DataType.Bool)
            .Node("com.microsoft.GemmFastGelu", ["x", "w", "b"], ["g"]).Output("g", 2, 2);
        float[] w = Values("w", 4), b = Values("b", 2), x = [1, 2, 0.5f, float.PositiveInfinity];
        IReadOnlyDictionary<string, Tensor> results = Run("Small", builder, ("x", Tensor.Create(x, 2, 2)), ("index", Tensor.Create<long>([1, 0, 1], 3)));
        Assert.Equal([w[2], w[3], w[0], w[1], w[2], w[3]], results["e"].AsSpan<float>().ToArray());
        Assert.False(results["finite"].AsSpan<bool>()[0]);
        Assert.True(results["numbers"].AsSpan<bool>()[0]);
        for (int column = 0; column < 2; column++)
        {
            double sum = w[column] + (2.0 * w[2 + column]) + b[column];
            Assert.Equal(0.5 * sum * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (sum + (0.044715 * sum * sum * sum)))), results["g"].AsSpan<float>()[column], 1e-6);
        }
    }

    [Theory]
    [InlineData("GreedySearch")]
    [InlineData("BeamSearch")]
    [InlineData("Sampling")]
    [InlineData("WhisperBeamSearch")]
    public void SearchesSayWhatIsMissing(string type)
    {
        OnnxModelBuilder decoder = new OnnxModelBuilder().Node("Identity", ["x"], ["logits"]).Output("logits", 1);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", DataType.Int32, 1, 3).Node($"com.microsoft.{type}", ["x"], ["y"], ("decoder", decoder), ("eos_token_id", 0), ("pad_token_id", 0))
            .Output("y", DataType.Int32, 1, 9);
        string refusal = _models.Refusal(type, builder);
        Assert.Contains($"com.microsoft.{type}", refusal, StringComparison.Ordinal);
        Assert.Contains("is missing", refusal, StringComparison.Ordinal);
    }

    private static float[] Values(string name, int count) => OnnxModelBuilder.WeightValues(name, count);

    private IReadOnlyDictionary<string, Tensor> Run(string name, OnnxModelBuilder builder, params (string Name, Tensor Value)[] inputs)
    {
        CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value));
    }
}
