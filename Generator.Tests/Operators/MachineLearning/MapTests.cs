using Cameo.Generator.Diagnostics;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Maps: what ZipMap would make of scores stays a tensor, and the build says so.</summary>
public sealed class MapTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void Scores_stay_a_tensor_and_the_build_says_which_column_is_whose()
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", "n", 2)
            .Node("ai.onnx.ml.LinearClassifier", ["x"], ["label", "scores"], ("coefficients", new[] { 1f, 2, 3, 4 }), ("intercepts", new[] { 0f, 1 }), ("classlabels_strings", new[] { "no", "yes" }))
            .Node("ai.onnx.ml.ZipMap", ["scores"], ["maps"], ("classlabels_strings", new[] { "no", "yes" }))
            .Output("label", DataType.String, "n").Output("maps", "n", 2);
        ModelCompilation compilation = _models.Compile("Zipped", model);
        DiagnosticInfo information = Assert.Single(compilation.Result!.Diagnostics, static diagnostic => diagnostic.Id == DiagnosticIds.OutputForm);
        Assert.Equal(DiagnosticLevel.Info, information.Severity);
        Assert.Contains("columns are those of 'no', 'yes'", information.Message);
        using CompiledModel loaded = _models.Load("ZippedToo", model);
        using CompiledSession session = loaded.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([1f, 1, -1, 0], 2, 2) });
        Assert.Equal([3f, 8, -1, -2], results["maps"].AsSpan<float>().ToArray());
        Assert.Equal(["yes", "no"], results["label"].Texts.ToArray());
    }

    [Fact]
    public void Labels_that_do_not_fit_and_readers_of_maps_are_refused()
    {
        Assert.Contains("ZipMap", _models.Refusal("Three", new OnnxModelBuilder().Input("x", "n", 2).Node("ai.onnx.ml.ZipMap", ["x"], ["y"], ("classlabels_int64s", new long[] { 1, 2, 3 })).Output("y", "n", 3)));
        Assert.Contains("maps are not supported", _models.Refusal("Vectorizer", new OnnxModelBuilder().Input("x", "n", 2)
            .Node("ai.onnx.ml.DictVectorizer", ["x"], ["y"], ("int64_vocabulary", new long[] { 1 })).Output("y", 1, 1)));
    }
}
