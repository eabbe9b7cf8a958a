using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Operators of ai.onnx.ml that prepare features.</summary>
public sealed class FeatureOperatorTests : IDisposable
{
    private static readonly float[] X = [1, -2, 3, 0.5f, 0, -1, 0, 0, 0];

    private readonly MachineLearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("MAX", new[] { 1 / 3f, -2 / 3f, 1, 1, 0, -2, 0, 0, 0 })]
    [InlineData("L1", new[] { 1 / 6f, -2 / 6f, 0.5f, 1 / 3f, 0, -2 / 3f, 0, 0, 0 })]
    [InlineData("L2", new[] { 0.26726124f, -0.5345225f, 0.80178374f, 0.4472136f, 0, -0.8944272f, 0, 0, 0 })]
    public void Norms(string norm, float[] expected)
    {
        Same(expected, _models.Run(Model("Normalizer", DataType.Float, 2, ("norm", norm)), Tensor.Create(X, 3, 3)));
        Same(expected, _models.Run(Model("Normalizer", DataType.Double, 2, ("norm", norm)), Tensor.Create(Doubles(X), 3, 3)));
    }

    [Fact]
    public void Scaling()
    {
        float[] offset = [1, 2, 3], scale = [2, 0.5f, -1];
        float[] expected = [.. X.Select((value, index) => (value - offset[index % 3]) * scale[index % 3])];
        Same(expected, _models.Run(Model("Scaler", DataType.Float, 2, ("offset", offset), ("scale", scale)), Tensor.Create(X, 3, 3)));
        Same(expected, _models.Run(Model("Scaler", DataType.Double, 2, ("offset", offset), ("scale", scale)), Tensor.Create(Doubles(X), 3, 3)));
        Same([-1, -7, 3], _models.Run(
            MachineLearningModels.Build("Scaler", 1, [(DataType.Int64, ["f"])], [(DataType.Float, 1)], ("offset", new[] { 1.5f }), ("scale", new[] { 2f })), Tensor.Create([1L, -2, 3], 3)));
        Assert.Contains("'scale' has 2 numbers and attribute 'offset' 0", _models.Refusal(Model("Scaler", DataType.Float, 2, ("scale", new[] { 1f, 2 }))));
        Assert.Contains("has 3 features, the model is made for 2", _models.Refusal(MachineLearningModels.Build(
            "Scaler", 1, [(DataType.Float, [1, 3])], [(DataType.Float, 2)], ("scale", new[] { 1f, 2 }), ("offset", new[] { 1f, 2 }))));
    }

    [Fact]
    public void Imputing()
    {
        float[] x = [1, float.NaN, 3, float.NaN, 0, -1];
        Same([1, 8, 3, 7, 0, -1], _models.Run(Model("Imputer", DataType.Float, 2, ("imputed_value_floats", new[] { 7f, 8, 9 }), ("replaced_value_float", float.NaN)), Tensor.Create(x, 2, 3)));
        Tensor integers = _models.Run(
            MachineLearningModels.Build("Imputer", 1, [(DataType.Int64, ["n", 2])], [(DataType.Int64, 2)], ("imputed_value_int64s", new[] { (1L << 60) + 1 }), ("replaced_value_int64", 1L)),
            Tensor.Create([1L, 2, 3, 1], 2, 2))["a"];
        Assert.Equal([(1L << 60) + 1, 2, 3, (1L << 60) + 1], integers.AsSpan<long>().ToArray());
        Assert.Contains("'imputed_value_floats', of which there are 0", _models.Refusal(Model("Imputer", DataType.Float, 2, ("imputed_value_int64s", new[] { 1L }))));
    }

    [Fact]
    public void Choosing_features()
    {
        Tensor rows = _models.Run(
            MachineLearningModels.Build("ArrayFeatureExtractor", 1, [(DataType.Float, ["n", 3]), (DataType.Int64, [1, "k"])], [(DataType.Float, 2)]), Tensor.Create(X, 3, 3), Tensor.Create([2L, 0], 1, 2))["a"];
        Assert.Equal([3, 2], rows.Shape.ToArray());
        Assert.Equal([3, 1, -1, 0.5f, 0, 0], rows.AsSpan<float>().ToArray());
        Tensor row = _models.Run(
            MachineLearningModels.Build("ArrayFeatureExtractor", 1, [(DataType.String, [3]), (DataType.Int64, [2])], [(DataType.String, 2)]), Tensor.Create(["a", "b", "c"], 3), Tensor.Create([2L, 2], 2))["a"];
        Assert.Equal([1, 2], row.Shape.ToArray());
        Assert.Equal(["c", "c"], row.Texts.ToArray());
    }

    [Fact]
    public void Binarizing_is_exact_for_integers()
    {
        Same([1, 0, 1, 0, 0, 0, 0, 0, 0], _models.Run(Model("Binarizer", DataType.Float, 2, ("threshold", 0.5f)), Tensor.Create(X, 3, 3)));
        long large = (1L << 53) + 1;
        Tensor integers = _models.Run(
            MachineLearningModels.Build("Binarizer", 1, [(DataType.Int64, ["n"])], [(DataType.Int64, 1)], ("threshold", (float)(1L << 53))), Tensor.Create([large, large - 1, -large], 3))["a"];
        Assert.Equal([1, 0, 0], integers.AsSpan<long>().ToArray());
    }

    [Fact]
    public void Joining_features_cuts_and_fills()
    {
        Tensor joined = _models.Run(
            MachineLearningModels.Build("FeatureVectorizer", 1, [(DataType.Int32, ["n", 3]), (DataType.Int32, ["n", 2])], [(DataType.Float, 2)], ("inputdimensions", new long[] { 2, 3 })),
            Tensor.Create([1, 2, 3, 4, 5, 6], 2, 3),
            Tensor.Create([7, 8, 9, 10], 2, 2))["a"];
        Assert.Equal([2, 5], joined.Shape.ToArray());
        Assert.Equal([1, 2, 7, 8, 0, 4, 5, 9, 10, 0], joined.AsSpan<float>().ToArray());
        Assert.Contains("does not state the sizes of 2 inputs", _models.Refusal(MachineLearningModels.Build(
            "FeatureVectorizer", 1, [(DataType.Float, [1, 3]), (DataType.Float, [1, 2])], [(DataType.Float, 2)], ("inputdimensions", new long[] { 3 }))));
    }

    private static OnnxModelBuilder Model(string type, DataType input, int rank, params (string Name, object Value)[] attributes) =>
        MachineLearningModels.Build(type, 1, [(input, ["n", 3])], [(DataType.Float, rank)], attributes);

    private static double[] Doubles(float[] values) => [.. values.Select(static value => (double)value)];

    private static void Same(float[] expected, IReadOnlyDictionary<string, Tensor> results) =>
        Assert.Equal(expected, results["a"].AsSpan<float>().ToArray(), static (left, right) => Math.Abs(left - right) <= 1e-6);
}
