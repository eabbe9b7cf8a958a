using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Operators.Sequences;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Maps: inputs that are maps, and what ZipMap would make of scores, which stays a tensor, and the build says so.</summary>
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

    /// <summary>In the standard sequence operators take sequences of tensors alone: a sequence of maps is refused rather than given to them as the tensor of scores that it is here.</summary>
    [Theory]
    [InlineData("SequenceLength")]
    [InlineData("SequenceAt")]
    [InlineData("SequenceErase")]
    [InlineData("ConcatFromSequence")]
    public void Sequences_of_maps_are_refused_by_sequence_operators(string type)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("x", "n", 2).Integer("zero", 0)
            .Node("ai.onnx.ml.ZipMap", ["x"], ["maps"], ("classlabels_int64s", new long[] { 1, 2 }))
            .Node(type, type.StartsWith("SequenceL", StringComparison.Ordinal) || type.StartsWith('C') ? ["maps"] : ["maps", "zero"], ["y"], type.StartsWith('C') ? [("axis", 0L)] : []).Output("y");
        Assert.Contains($"{type} 'y_{type}'", _models.Refusal("Maps" + type, builder));
    }

    [Fact]
    public void Labels_that_do_not_fit_and_readers_of_maps_are_refused()
    {
        Assert.Contains("ZipMap", _models.Refusal("Three", new OnnxModelBuilder().Input("x", "n", 2).Node("ai.onnx.ml.ZipMap", ["x"], ["y"], ("classlabels_int64s", new long[] { 1, 2, 3 })).Output("y", "n", 3)));
        Assert.Contains("no map", _models.Refusal("Vectorizer", new OnnxModelBuilder().Input("x", "n", 2)
            .Node("ai.onnx.ml.DictVectorizer", ["x"], ["y"], ("int64_vocabulary", new long[] { 1 })).Output("y", 1, 1)));
        Assert.Contains("which only CastMap and DictVectorizer read", _models.Refusal("Negated", new OnnxModelBuilder().Input("x", Map(DataType.Int64, DataType.Float)).Node("Neg", ["x"], ["y"]).Output("y", "n")));
        Assert.Contains("supported as inputs only", _models.Refusal("PassedOn", new OnnxModelBuilder().Input("x", Map(DataType.Int64, DataType.Float)).Output("x", Map(DataType.Int64, DataType.Float))));
        Assert.Contains("supported are maps of string or int64", _models.Refusal("Flags", new OnnxModelBuilder().Input("x", Map(DataType.Int64, DataType.Bool))
            .Node("ai.onnx.ml.CastMap", ["x"], ["y"]).Output("y", 1, "n")));
        Assert.Contains("one of int64 to float or string", _models.Refusal("TextKeys", CastMap(DataType.String, DataType.Float, DataType.Float)));
        Assert.Contains("'cast_to' is 'TO_DOUBLE'", _models.Refusal("ToDouble", CastMap(DataType.Int64, DataType.Float, DataType.Float, ("cast_to", "TO_DOUBLE"))));
        Assert.Contains("'map_form' is 'LOOSE'", _models.Refusal("Loose", CastMap(DataType.Int64, DataType.Float, DataType.Float, ("map_form", "LOOSE"))));
        Assert.Contains("'max_map' is 0", _models.Refusal("NoPlaces", CastMap(DataType.Int64, DataType.Float, DataType.Float, ("map_form", "SPARSE"), ("max_map", 0L))));
        Assert.Contains("the vocabulary is either", _models.Refusal("NoVocabulary", Vectorizer(DataType.Int64, DataType.Float)));
        Assert.Contains("the vocabulary is one of strings", _models.Refusal("OtherVocabulary", Vectorizer(DataType.Int64, DataType.Float, ("string_vocabulary", new[] { "a" }))));
    }

    [Fact]
    public void Entries_go_to_the_places_of_their_keys_in_the_vocabulary()
    {
        string[] words = ["a", "c", "b", "z"];
        long[] numbers = [7, -1, 5];
        Assert.Equal([4f, 8, 0, 0], Run<float>("Words", Vectorizer(DataType.String, DataType.Float, ("string_vocabulary", words)), TensorMap.Create(new Dictionary<string, float> { ["c"] = 8, ["a"] = 4, ["d"] = 9 })));
        Assert.Equal([0L, 0, 0, 3], Run<long>("WordCounts", Vectorizer(DataType.String, DataType.Int64, ("string_vocabulary", words)), TensorMap.Create(new Dictionary<string, long> { ["z"] = 3 })));
        Assert.Equal([0d, 0, 0, 0], Run<double>("WordDoubles", Vectorizer(DataType.String, DataType.Double, ("string_vocabulary", words)), TensorMap.Create(new Dictionary<string, double>())));
        Assert.Equal([1f, 2, 0], Run<float>("Numbers", Vectorizer(DataType.Int64, DataType.Float, ("int64_vocabulary", numbers)), TensorMap.Create(new Dictionary<long, float> { [-1] = 2, [7] = 1, [6] = 3 })));
        Assert.Equal([0d, 0, 0.5], Run<double>("NumberDoubles", Vectorizer(DataType.Int64, DataType.Double, ("int64_vocabulary", numbers)), TensorMap.Create(new Dictionary<long, double> { [5] = 0.5 })));
        Assert.Equal(["", "x", ""], Texts("NumberTexts", Vectorizer(DataType.Int64, DataType.String, ("int64_vocabulary", numbers)), TensorMap.Create(new Dictionary<long, string> { [-1] = "x", [9] = "y" })));
    }

    [Fact]
    public void Values_in_the_order_of_keys_or_at_their_places()
    {
        var floats = TensorMap.Create(new Dictionary<long, float> { [5] = 2.75f, [1] = -1, [900] = 7 });
        var texts = TensorMap.Create(new Dictionary<long, string> { [3] = "12", [0] = "-4" });
        (string, object) sparse = ("map_form", "SPARSE"), places = ("max_map", 6L), toText = ("cast_to", "TO_STRING"), toInteger = ("cast_to", "TO_INT64");
        Assert.Equal([-1f, 2.75f, 7], Run<float>("Dense", CastMap(DataType.Int64, DataType.Float, DataType.Float), floats));
        Assert.Equal([-1L, 2, 7], Run<long>("DenseIntegers", CastMap(DataType.Int64, DataType.Float, DataType.Int64, toInteger), floats));
        Assert.Equal([-4f, 12], Run<float>("DenseTexts", CastMap(DataType.Int64, DataType.String, DataType.Float), texts));
        Assert.Equal(["-4", "12"], Texts("DenseKept", CastMap(DataType.Int64, DataType.String, DataType.String, toText), texts));
        Assert.Equal([0f, -1, 0, 0, 0, 2.75f], Run<float>("Sparse", CastMap(DataType.Int64, DataType.Float, DataType.Float, sparse, places), floats));
        Assert.Equal([-4L, 0, 0, 12, 0, 0], Run<long>("SparseIntegers", CastMap(DataType.Int64, DataType.String, DataType.Int64, sparse, places, toInteger), texts));
        Assert.Equal(["-4", "0.f", "0.f", "12", "0.f", "0.f"], Texts("SparseKept", CastMap(DataType.Int64, DataType.String, DataType.String, sparse, places, toText), texts));
        Assert.Equal([-4f], Run<float>("OnePlace", CastMap(DataType.Int64, DataType.String, DataType.Float, sparse), texts));

        // A negative key has no place.
        using CompiledModel model = _models.Load("Negative", CastMap(DataType.Int64, DataType.Float, DataType.Float, sparse, places));
        using CompiledSession session = model.CreateSession();
        Assert.ThrowsAny<Exception>(() => Values(session, TensorMap.Create(new Dictionary<long, float> { [-1] = 1 })));
        Assert.Equal(6, ((Tensor)Values(session, floats)["y"]!).ElementCount);
    }

    [Fact]
    public void The_typed_form_takes_a_dictionary_and_allocates_nothing()
    {
        using CompiledModel model = _models.Load("TypedMap", Vectorizer(DataType.Int64, DataType.Float, ("int64_vocabulary", new long[] { 7, -1, 5 })));
        Assert.Equal("x: map of Int64 to Float32", Assert.Single(model.Description.MapInputs).ToString());
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
        var run = session.GetType().GetMethod("Run", [typeof(IReadOnlyDictionary<long, float>)])!.CreateDelegate<FloatMapRun>(session);
        Dictionary<long, float> many = new() { [5] = 3, [7] = 1, [-1] = 2, [100] = 4 }, none = [];
        Assert.Equal([1f, 2, 3], run(many).ToArray());
        Assert.Equal([0f, 0, 0], run(none).ToArray());
        Assert.Equal(0, ThreadAllocations.Measure(() =>
        {
            run(many);
            run(none);
        }));
        Assert.Equal([1f, 2, 3], run(new SortedDictionary<long, float>(many)).ToArray());
        Assert.Throws<MissingInputException>(() => run(null!));
        Assert.Throws<WrongKindException>(() => session.Run(new Dictionary<string, ModelValue?> { ["x"] = Tensor.Create([1f], 1) }));
        Assert.Throws<MissingInputException>(() => session.Run(new Dictionary<string, ModelValue?>()));
        Assert.Throws<WrongElementTypeException>(() => Values(session, TensorMap.Create(new Dictionary<long, double> { [1] = 1 })));
    }

    private delegate ReadOnlySpan<float> FloatMapRun(IReadOnlyDictionary<long, float> map);

    private static TypeProto Map(DataType key, DataType value) => new() { MapType = new TypeProto.Types.Map { KeyType = (int)key, ValueType = ContainerTypes.Tensor(value) } };

    private static OnnxModelBuilder Vectorizer(DataType key, DataType value, params (string, object)[] attributes) =>
        new OnnxModelBuilder().Input("x", Map(key, value)).Node("ai.onnx.ml.DictVectorizer", ["x"], ["y"], attributes).Output("y", value, 1, "n");

    private static OnnxModelBuilder CastMap(DataType key, DataType value, DataType result, params (string, object)[] attributes) =>
        new OnnxModelBuilder().Input("x", Map(key, value)).Node("ai.onnx.ml.CastMap", ["x"], ["y"], attributes).Output("y", result, 1, "n");

    private static IReadOnlyDictionary<string, ModelValue?> Values(CompiledSession session, TensorMap map) => session.Run(new Dictionary<string, ModelValue?> { ["x"] = map });

    private Tensor Result(string name, OnnxModelBuilder builder, TensorMap map)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        var result = (Tensor)Values(session, map)["y"]!;
        Assert.Equal([1, result.ElementCount], result.Shape.ToArray());
        return result;
    }

    private T[] Run<T>(string name, OnnxModelBuilder builder, TensorMap map)
        where T : unmanaged => Result(name, builder, map).AsSpan<T>().ToArray();

    private string[] Texts(string name, OnnxModelBuilder builder, TensorMap map) => Result(name, builder, map).Texts.ToArray();
}
