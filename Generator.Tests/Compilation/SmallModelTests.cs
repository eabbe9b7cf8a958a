using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Compilation;

/// <summary>Models of a few nodes, compiled and run: values that a fault of the compiler once got wrong, or could.</summary>
public sealed class SmallModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ConstantBesideAnInputInAConcatenationIsNotShared()
    {
        using CompiledModel model = Compile("ConstantConcatenation", new OnnxModelBuilder()
            .Input("x", 1, 2).Constant("zeros", [7, 8, 9], 1, 3)
            .Node("Concat", ["zeros", "x"], ["all"], ("axis", 1))
            .Node("Relu", ["all"], ["y"])
            .Node("Identity", ["all"], ["z"])
            .Output("y", 1, 5).Output("z", 1, 5));
        using CompiledSession first = model.CreateSession();
        using CompiledSession second = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> ofFirst = Run(first, [1, 2], 1, 2);
        IReadOnlyDictionary<string, Tensor> ofSecond = Run(second, [-3, 4], 1, 2);
        Assert.Equal([7, 8, 9, 1, 2], ofFirst["y"].AsSpan<float>().ToArray());
        Assert.Equal([7, 8, 9, 0, 4], ofSecond["y"].AsSpan<float>().ToArray());
        Assert.Equal([7, 8, 9, -3, 4], ofSecond["z"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void BroadcastingOfOldOpsetsAlignsToTheAxis()
    {
        using CompiledModel model = Compile("OldBroadcasting", new OnnxModelBuilder(opset: 6)
            .Input("x", 1, 2, 2).Constant("b", [10, 20], 2)
            .Node("Add", ["x", "b"], ["y"], ("broadcast", 1), ("axis", 1))
            .Output("y", 1, 2, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([11, 12, 23, 24], Run(session, [1, 2, 3, 4], 1, 2, 2)["y"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void AnInputTooSmallForAWindowIsRefusedAndTheSessionGoesOn()
    {
        using CompiledModel model = Compile("SmallWindow", new OnnxModelBuilder()
            .Input("x", 1, 1, "height", 2)
            .Node("MaxPool", ["x"], ["y"], ("kernel_shape", new long[] { 2, 2 }))
            .Output("y", 1, 1, "pooled", 1));
        using CompiledSession session = model.CreateSession();
        DimensionOutOfBoundsException exception = Assert.Throws<DimensionOutOfBoundsException>(() => Run(session, [1, 2], 1, 1, 1, 2));
        Assert.Contains("height - 1", exception.Message, StringComparison.Ordinal);
        Assert.Equal([4, 6], Run(session, [1, 4, 3, 2, 6, 5], 1, 1, 3, 2)["y"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void MeanAndVarianceSpelledOutAreOneLoopAndRight()
    {
        float[] x = [.. Enumerable.Range(0, 40).Select(index => MathF.Sin(index) * 3 + 1)];
        using CompiledModel model = Compile("SpelledNormalization", new OnnxModelBuilder(opset: 13)
            .Input("x", 2, 20).Constant("epsilon", [1e-5f])
            .Node("ReduceMean", ["x"], ["mean"], ("axes", new long[] { 1 }))
            .Node("Sub", ["x", "mean"], ["deviation"])
            .Node("Mul", ["deviation", "deviation"], ["squared"])
            .Node("ReduceMean", ["squared"], ["variance"], ("axes", new long[] { 1 }))
            .Node("Add", ["variance", "epsilon"], ["safe"])
            .Node("Sqrt", ["safe"], ["root"])
            .Node("Div", ["deviation", "root"], ["y"])
            .Output("y", 2, 20));
        using CompiledSession session = model.CreateSession();
        float[] y = Run(session, x, 2, 20)["y"].AsSpan<float>().ToArray();
        Assert.Single(model.Details.Kernels);
        for (int row = 0; row < 2; row++)
        {
            double[] values = [.. x.Skip(row * 20).Take(20).Select(value => (double)value)];
            double mean = values.Average();
            double root = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + 1e-5f);
            for (int column = 0; column < 20; column++)
            {
                Assert.Equal((values[column] - mean) / root, y[row * 20 + column], 1e-5);
            }
        }
    }

    private static IReadOnlyDictionary<string, Tensor> Run(CompiledSession session, float[] x, params long[] shape) =>
        session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, shape) });

    private CompiledModel Compile(string name, OnnxModelBuilder builder)
    {
        string path = Path.Combine(_folder.Path, name + ".onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        ModelCompilation compilation = ModelCompilation.Run(name, path, name, Path.Combine(_folder.Path, name));
        GeneratedAssembly.Build([compilation]);
        return compilation.CreateModel();
    }
}
