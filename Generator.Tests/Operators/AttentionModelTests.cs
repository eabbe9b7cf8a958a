using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators;

/// <summary>Attention in models whose caches are explicit inputs and outputs, and sizes that only a run knows.</summary>
public sealed class AttentionModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Growing caches, a static cache of 32 and rows of different length, without any state of the session.</summary>
    [SkippableTheory]
    [InlineData("stories260K_genai")]
    [InlineData("stories260K_genai-rope")]
    [InlineData("tiny_random_gpt2_fp32")]
    public void CachesMayBeExplicit(string name)
    {
        TestData.RequireModel(name);
        ModelCompilation compilation = CompiledModels.CompileVariant(name, "Explicit", new Dictionary<string, string> { [GraphOptions.State] = "none" });
        var signature = ModelSignature.Read(compilation.GraphText!);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Empty(model.Description.States);
        IReadOnlyList<DataSet> sets = DataSet.ReadAll(name, signature);
        Assert.NotEmpty(sets);
        Assert.Empty(sets.SelectMany(set => OutputComparison.Compare(set, session.Run(set.Inputs), signature.RelativePrecision)));
    }

    /// <summary>Scores over the session's cache are those over explicit caches.</summary>
    [Fact]
    public void ScoresOverACache()
    {
        OnnxModelBuilder Model() => new OnnxModelBuilder(opset: 23)
            .Input("q", 2, "new", 12).Input("k", 2, "new", 6).Input("v", 2, "new", 6).Input("pk", 2, 2, "past", 3).Input("pv", 2, 2, "past", 3)
            .Node("Attention", ["q", "k", "v", "", "pk", "pv"], ["y", "pkNext", "pvNext", "scores"], ("q_num_heads", 4), ("kv_num_heads", 2), ("is_causal", 1), ("qk_matmul_output_mode", 3))
            .Output("y", 2, "new", 12).Output("pkNext", 2, 2, "all", 3).Output("pvNext", 2, 2, "all", 3).Output("scores", 2, 4, "new", "all");
        using CompiledModel explicitly = Compile("ExplicitScores", Model());
        using CompiledModel cached = Compile("CachedScores", Model(), keepsState: true);
        Assert.Equal(2, cached.Description.States.Length);
        using CompiledSession session = cached.CreateSession();
        using CompiledSession reference = explicitly.CreateSession();
        Tensor pastKey = Tensor.Create(Array.Empty<float>(), [2, 2, 0, 3]), pastValue = pastKey;
        foreach (int length in (int[])[3, 1, 2])
        {
            Dictionary<string, Tensor> inputs = new()
            {
                ["q"] = Random(length, 2, length, 12), ["k"] = Random(length + 10, 2, length, 6), ["v"] = Random(length + 20, 2, length, 6),
            };
            IReadOnlyDictionary<string, Tensor> actual = session.Run(inputs);
            IReadOnlyDictionary<string, Tensor> expected = reference.Run(new Dictionary<string, Tensor>(inputs) { ["pk"] = pastKey, ["pv"] = pastValue });
            (pastKey, pastValue) = (expected["pkNext"], expected["pvNext"]);
            foreach (string output in (string[])["y", "scores"])
            {
                Assert.Equal(expected[output].Shape.ToArray(), actual[output].Shape.ToArray());
                Assert.Equal(expected[output].AsSpan<float>().ToArray(), actual[output].AsSpan<float>().ToArray(), static (a, b) => Math.Abs(a - b) < 1e-6);
            }
        }
    }

    [Fact]
    public void AMaskThatDoesNotFitIsRefused()
    {
        using CompiledModel model = Compile("MaskFits", new OnnxModelBuilder(opset: 23)
            .Input("q", 1, 1, "queries", 2).Input("k", 1, 1, "keys", 2).Input("v", 1, 1, "keys", 2).Input("mask", "rows", "columns")
            .Node("Attention", ["q", "k", "v", "mask"], ["y"])
            .Output("y", 1, 1, "queries", 2));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> Run(int queries, int keys, int rows, int columns) => session.Run(new Dictionary<string, Tensor>
        {
            ["q"] = Tensor.Create(new float[queries * 2], [1, 1, queries, 2]),
            ["k"] = Tensor.Create(new float[keys * 2], [1, 1, keys, 2]),
            ["v"] = Tensor.Create(Enumerable.Range(0, keys * 2).Select(static x => (float)x).ToArray(), [1, 1, keys, 2]),
            ["mask"] = Tensor.Create(new float[rows * columns], [rows, columns]),
        });
        foreach ((int rows, int columns) in ((int, int)[])[(3, 5), (1, 5), (3, 1), (1, 1)])
        {
            Assert.Equal([4, 5, 4, 5, 4, 5], Run(3, 5, rows, columns)["y"].AsSpan<float>().ToArray());
        }

        foreach ((int rows, int columns) in ((int, int)[])[(2, 5), (4, 5), (3, 4), (3, 6)])
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => Run(3, 5, rows, columns));
        }
    }

    [Fact]
    public void ATotalThatContradictsTheShapesIsRefused()
    {
        using CompiledModel model = Compile("TotalFits", new OnnxModelBuilder(opset: 21)
            .Input("q", 1, "new", 8).Input("k", 1, "new", 8).Input("v", 1, "new", 8).Input("pk", 1, 1, "past", 8).Input("pv", 1, 1, "past", 8)
            .Input("last", DataType.Int32, 1).Input("total", DataType.Int32, 1)
            .ContribNode("GroupQueryAttention", ["q", "k", "v", "pk", "pv", "last", "total"], ["y", "presentKey", "presentValue"], ("num_heads", 1), ("kv_num_heads", 1))
            .Output("y", 1, "new", 8).Output("presentKey", 1, 1, "all", 8).Output("presentValue", 1, 1, "all", 8));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> Run(int past, int last, int total) => session.Run(new Dictionary<string, Tensor>
        {
            ["q"] = Tensor.Create(new float[8], [1, 1, 8]),
            ["k"] = Tensor.Create(new float[8], [1, 1, 8]),
            ["v"] = Tensor.Create(Enumerable.Repeat(6f, 8).ToArray(), [1, 1, 8]),
            ["pk"] = Tensor.Create(new float[past * 8], [1, 1, past, 8]),
            ["pv"] = Tensor.Create(new float[past * 8], [1, 1, past, 8]),
            ["last"] = Tensor.Create([last], [1]),
            ["total"] = Tensor.Create([total], [1]),
        });
        Assert.All(Run(2, 2, 3)["y"].AsSpan<float>().ToArray(), static x => Assert.Equal(2, x, 1e-6));
        Assert.Throws<ArgumentException>(() => Run(2, 2, 4));
        Assert.Throws<ArgumentException>(() => Run(2, 3, 3));
        Assert.Throws<ArgumentException>(() => Run(2, -5, 3));
    }

    private static Tensor Random(int seed, params long[] shape)
    {
        var random = new Random(seed);
        return Tensor.Create(Enumerable.Range(0, (int)shape.Aggregate(1L, static (a, b) => a * b)).Select(_ => (random.NextSingle() * 2) - 1).ToArray(), shape);
    }

    private CompiledModel Compile(string name, OnnxModelBuilder builder, bool keepsState = false)
    {
        Dictionary<string, string> options = keepsState ? [] : new() { [GraphOptions.State] = "none" };
        string path = Path.Combine(_folder.Path, name + ".onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        ModelCompilation compilation = ModelCompilation.Run(name, path, name, Path.Combine(_folder.Path, name), options);
        GeneratedAssembly.Build([compilation]);
        return compilation.CreateModel();
    }
}
