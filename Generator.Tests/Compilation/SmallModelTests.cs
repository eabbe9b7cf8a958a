using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

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

    /// <summary>A known result of a node that nothing needs any more is no trace that leads to its operands.</summary>
    [Fact]
    public void APartOfAShapeMayBeAResultBesideAnInputThatContinues()
    {
        using CompiledModel model = Compile("PartOfAShape", new OnnxModelBuilder().Input("x", 2, 3).Integers("from", 0).Integers("to", 1)
            .Node("Shape", ["x"], ["shape"]).Node("Slice", ["shape", "from", "to"], ["rows"]).Node("Relu", ["x"], ["y"]).Output("rows", DataType.Int64, 1).Output("y", 2, 3));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2L], Run(session, [1, -2, 3, 4, 5, 6], 2, 3)["rows"].AsSpan<long>().ToArray());
    }

    [Fact]
    public void ASoftmaxOverAnAxisOfOneElementGivesOnes()
    {
        using CompiledModel model = Compile("SingleSoftmax", new OnnxModelBuilder(17).Input("x", 1, 33).Node("HardSigmoid", ["x"], ["h"], ("alpha", 0.16666667f)).Node("LogSoftmax", ["h"], ["y"], ("axis", 0L)).Output("y", 1, 33));
        using CompiledSession session = model.CreateSession();
        Assert.All(Run(session, [.. Enumerable.Range(0, 33).Select(static index => (index - 16) / 4f)], 1, 33)["y"].AsSpan<float>().ToArray(), static element => Assert.Equal(0, element));
    }

    /// <summary>The lengths of the rows are constants, which are looked at before the first run.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData("n")]
    public void AttentionTakesConstantLengths(object past)
    {
        using CompiledModel model = Compile($"ConstantLengths{past}", new OnnxModelBuilder().Input("x", 1, 1, 8).Constant("key", [1, 0, 0, 0, 0, 0, 0, 0], 1, 1, 8).Weight("value", 1, 1, 8)
            .Input("past_key", 1, 1, past, 8).Input("past_value", 1, 1, past, 8).Constant("lengths", DataType.Int32, BitConverter.GetBytes(5), 1).Constant("total", DataType.Int32, BitConverter.GetBytes(6))
            .ContribNode("GroupQueryAttention", ["x", "key", "value", "past_key", "past_value", "lengths", "total"], ["y", "present_key", "present_value"], ("num_heads", 1L), ("kv_num_heads", 1L))
            .Output("y", 1, 1, 8));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = new(ElementType.Float32, 1, 1, 8), ["past_key"] = new(ElementType.Float32, 1, 1, 5, 8), ["past_value"] = new(ElementType.Float32, 1, 1, 5, 8),
        })["y"];

        // All scores are 0, and so are the values of before: the mean of six.
        float[] values = OnnxModelBuilder.WeightValues("value", 1, 1, 8);
        Assert.All(y.AsSpan<float>().ToArray().Zip(values), static pair => Assert.Equal(pair.Second / 6, pair.First, 1e-6f));
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
