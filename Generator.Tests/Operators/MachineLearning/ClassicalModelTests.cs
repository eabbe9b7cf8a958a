using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Linear models and support vector machines. Scores that are written here are those of ONNX Runtime 1.30.</summary>
public sealed class ClassicalModelTests : IDisposable
{
    private static readonly float[] X = [0.1f, 0.2f, -0.3f, 0.1f];

    private readonly MachineLearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("NONE", new[] { 0.4f, 0.6f, 1, 0 })]
    [InlineData("LOGISTIC", new[] { 0.3543437f, 0.6456563f, 0.5f, 0.5f })]
    [InlineData("SOFTMAX", new[] { 0.4f, 0.6f, 1, 0 })]
    public void One_sum_for_two_classes(string transform, float[] scores) =>
        Check("LinearClassifier", DataType.Float, Tensor.Create(X, 2, 2), [7, 5], scores, ("coefficients", new[] { 1f, 2 }), ("intercepts", new[] { 0.1f }), ("classlabels_ints", new long[] { 5, 7 }), ("post_transform", transform));

    [Theory]
    [InlineData("NONE", new[] { 0.6f, -0.1f, 0, -1.1f })]
    [InlineData("LOGISTIC", new[] { 0.6456563f, 0.47502083f, 0.5f, 0.24973989f })]
    [InlineData("SOFTMAX", new[] { 0.6681878f, 0.33181223f, 0.7502601f, 0.24973989f })]
    public void A_sum_for_each_class(string transform, float[] scores)
    {
        (string, object)[] attributes = [("coefficients", new[] { 1f, 2, 3, -2 }), ("intercepts", new[] { 0.1f, 0 }), ("classlabels_ints", new long[] { 5, 7 }), ("post_transform", transform)];
        Check("LinearClassifier", DataType.Float, Tensor.Create(X, 2, 2), [5, 5], scores, attributes);
        Check("LinearClassifier", DataType.Double, Tensor.Create([.. X.Select(static value => (double)value)], 2, 2), [5, 5], scores, attributes);
    }

    [Fact]
    public void Labels_of_linear_classifiers()
    {
        Check("LinearClassifier", DataType.Int64, Tensor.Create([1L, 0, -1, 0], 2, 2), [1, 0], [1, -1], ("coefficients", new[] { 1f, 2 }), ("intercepts", new[] { 0f }));
        IReadOnlyDictionary<string, Tensor> texts = _models.Run(
            MachineLearningModels.Build("LinearClassifier", 1, [(DataType.Float, ["n", 2])], [(DataType.String, 1), (DataType.Float, 2)], ("coefficients", new[] { 1f, 2 }), ("intercepts", new[] { 0.1f }), ("classlabels_strings", new[] { "no", "yes" })),
            Tensor.Create(X, 2, 2));
        Assert.Equal(["yes", "no"], texts["a"].Texts.ToArray());
        Assert.Contains("there are 1 class labels for 2 intercepts", _models.Refusal(Classifier(
            "LinearClassifier", DataType.Float, 2, ("coefficients", new[] { 1f, 2, 3, 4 }), ("intercepts", new[] { 1f, 2 }), ("classlabels_ints", new long[] { 5 }))));
        Assert.Contains("3 coefficients are not those of 2 classes", _models.Refusal(Classifier(
            "LinearClassifier", DataType.Float, 2, ("coefficients", new[] { 1f, 2, 3 }), ("intercepts", new[] { 1f, 2 }), ("classlabels_ints", new long[] { 5, 6 }))));
    }

    [Fact]
    public void Linear_regression()
    {
        Assert.Equal([6f, 1], Regress("LinearRegressor", ("coefficients", new[] { 1f, 2, 3, 0, 0, 1 }), ("targets", 2)));
        float[] logistic = Regress("LinearRegressor", ("coefficients", new[] { 1f, 2, 3, 0, 0, 1 }), ("targets", 2), ("post_transform", "LOGISTIC"), ("intercepts", new[] { 0f, 0 }));
        Assert.Equal(1 / (1 + Math.Exp(-6)), logistic[0], 1e-6);
        Assert.Equal([6f], Regress("LinearRegressor", ("coefficients", new[] { 1f, 2, 3 })));
        OnnxModelBuilder open = MachineLearningModels.Build("LinearRegressor", 1, [(DataType.Float, ["n", "f"])], [(DataType.Float, 2)], ("coefficients", new[] { 1f, 2, 3 }));
        Assert.Equal([14f, -6], _models.Run(open, Tensor.Create([1f, 2, 3, -1, -1, -1], 2, 3))["a"].AsSpan<float>().ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => _models.Run(open, Tensor.Create([1f, 2, 3, 4], 2, 2)));
        Assert.Contains("are not those of 9223372036854775807 targets", _models.Refusal(Regressor("LinearRegressor", ("coefficients", new[] { 1f, 2, 3 }), ("targets", long.MaxValue))));
        Assert.Contains("has 3 features, the model is made for 2", _models.Refusal(Regressor("LinearRegressor", ("coefficients", new[] { 1f, 2 }))));
    }

    [Theory]
    [InlineData("LINEAR")]
    [InlineData("POLY")]
    [InlineData("RBF")]
    [InlineData("SIGMOID")]
    public void Support_vector_regression(string kernel)
    {
        // 37 features, so that vectors have tails at every width.
        const int rows = 5, vectors = 7, features = 37;
        var random = new Random(3);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        float[] x = Numbers(rows * features), support = Numbers(vectors * features), coefficients = Numbers(vectors);
        (float gamma, float coef0, float degree) = (0.3f, 0.2f, 3);
        Tensor result = _models.Run(
            MachineLearningModels.Build(
                "SVMRegressor", 1, [(DataType.Float, ["n", features])], [(DataType.Float, 2)], ("kernel_type", kernel), ("kernel_params", new[] { gamma, coef0, degree }), ("coefficients", coefficients), ("support_vectors", support), ("n_supports", vectors), ("rho", new[] { 0.25f })),
            Tensor.Create(x, rows, features))["a"];
        for (int row = 0; row < rows; row++)
        {
            double expected = 0.25;
            for (int vector = 0; vector < vectors; vector++)
            {
                double dot = 0, distance = 0;
                for (int index = 0; index < features; index++)
                {
                    double left = x[(row * features) + index], right = support[(vector * features) + index];
                    dot += left * right;
                    distance += (left - right) * (left - right);
                }

                expected += coefficients[vector] * kernel switch
                {
                    "LINEAR" => dot,
                    "POLY" => Math.Pow((gamma * dot) + coef0, degree),
                    "RBF" => Math.Exp(-gamma * distance),
                    _ => Math.Tanh((gamma * dot) + coef0),
                };
            }

            Assert.Equal(expected, result.AsSpan<float>()[row], 1e-5);
        }
    }

    [Fact]
    public void One_class_machines()
    {
        (string, object)[] attributes = [("coefficients", new[] { 1f, 2, 3 }), ("rho", new[] { -6.5f }), ("one_class", 1L)];
        Assert.Equal([-1f], Regress("SVMRegressor", attributes));
        Assert.Equal([1f], Regress("SVMRegressor", [.. attributes.Where(static attribute => attribute.Item1 != "rho"), ("rho", new[] { -5f })]));
    }

    [Theory]
    [InlineData(2, false, new long[] { 7, 7 }, new[] { 1.2130607f, -1.2130607f, 1.1046051f, -1.1046051f })]
    [InlineData(2, true, new long[] { 7, 7 }, new[] { 0.21195236f, 0.7880478f, 0.23064627f, 0.7693537f })]
    [InlineData(3, false, new long[] { 5, 5 }, new[] { -1.2130607f, 0.4293896f, -1.0476589f, -1.1046051f, 0.3410223f, -0.9048852f })]
    [InlineData(3, true, new long[] { 5, 5 }, new[] { 0.21654947f, 0.5417323f, 0.24171822f, 0.22364569f, 0.5152561f, 0.26109836f })]
    public void Support_vector_classification(int classes, bool probabilities, long[] labels, float[] scores)
    {
        int pairs = classes * (classes - 1) / 2;
        (string, object)[] attributes =
        [
            ("coefficients", Enumerable.Repeat(new[] { 1f, -2, 0.3f }[..classes], classes - 1).SelectMany(static row => row).ToArray()),
            ("support_vectors", new[] { 1f, 2, 0, 1, 1, -1 }[..(2 * classes)]), ("vectors_per_class", Enumerable.Repeat(1L, classes).ToArray()), ("rho", new[] { 0.1f, 0.2f, 0.3f }[..pairs]),
            ("kernel_params", new[] { 0.5f, 0, 0 }), ("kernel_type", "RBF"), ("classlabels_ints", new long[] { 5, 7, 9 }[..classes]),
        ];
        Check("SVMClassifier", DataType.Float, Tensor.Create(X, 2, 2), labels, scores, !probabilities ? attributes : [.. attributes, ("prob_a", new[] { -1f, -2, 0.5f }[..pairs]), ("prob_b", new[] { 0.1f, 0.2f, 0.1f }[..pairs])]);
    }

    [Fact]
    public void A_linear_model_of_support_vectors() =>
        Check("SVMClassifier", DataType.Float, Tensor.Create(X, 2, 2), [7, 5], [0.6f, 0, 0, -1], ("coefficients", new[] { 1f, 2, 3, -2 }), ("rho", new[] { 0.1f }), ("classlabels_ints", new long[] { 5, 7 }));

    [Theory]
    [InlineData("coefficients", new[] { 1f, 2 }, "coefficients: there are 2, and 3 classes with 2 support vectors need 4")]
    [InlineData("rho", new[] { 1f }, "rho: there are 1 values")]
    [InlineData("vectors_per_class", new long[] { 1, 1 }, "2 counts in 'vectors_per_class'")]
    [InlineData("vectors_per_class", new[] { long.MaxValue, long.MaxValue, 2 }, "are no model of 3 classes")]
    [InlineData("kernel_params", new[] { 1f }, "'kernel_params' has 1 numbers")]
    [InlineData("kernel_type", "COSINE", "'kernel_type' is 'COSINE'")]
    public void Broken_machines_are_refused(string attribute, object value, string reason)
    {
        (string Name, object Value)[] attributes =
        [
            ("coefficients", new float[4]), ("support_vectors", new float[4]), ("vectors_per_class", new long[] { 1, 1, 0 }), ("rho", new float[3]), ("kernel_type", "RBF"), ("classlabels_ints", new long[] { 0, 1, 2 }),
        ];
        string refusal = _models.Refusal(Classifier("SVMClassifier", DataType.Float, 2, [.. attributes.Where(known => known.Name != attribute), (attribute, value)]));
        Assert.Contains("SVMClassifier", refusal);
        Assert.Contains(reason, refusal);
    }

    private static OnnxModelBuilder Classifier(string type, DataType input, int features, params (string Name, object Value)[] attributes) =>
        MachineLearningModels.Build(type, 1, [(input, ["n", features])], [(DataType.Int64, 1), (DataType.Float, 2)], attributes);

    private static OnnxModelBuilder Regressor(string type, params (string Name, object Value)[] attributes) =>
        MachineLearningModels.Build(type, 1, [(DataType.Float, [3])], [(DataType.Float, 2)], attributes);

    private float[] Regress(string type, params (string Name, object Value)[] attributes) =>
        _models.Run(Regressor(type, attributes), Tensor.Create([1f, 1, 1], 3))["a"].AsSpan<float>().ToArray();

    private void Check(string type, DataType input, Tensor x, long[] labels, float[] scores, params (string Name, object Value)[] attributes)
    {
        IReadOnlyDictionary<string, Tensor> results = _models.Run(Classifier(type, input, 2, attributes), x);
        Assert.Equal(labels, results["a"].AsSpan<long>().ToArray());
        Assert.Equal(scores, results["b"].AsSpan<float>().ToArray(), static (left, right) => Math.Abs(left - right) < 1e-6);
    }
}
