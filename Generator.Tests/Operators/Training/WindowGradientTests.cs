using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Training;

/// <summary>Gradients of convolutions and pools against central differences of the very model, in float64. The results are squared, so that every window has a gradient of its own.</summary>
public sealed class WindowGradientTests : IDisposable
{
    private const string Gradient = "ai.onnx.preview.training.Gradient";

    private static readonly long[] Two = [2, 2], Three = [3, 3];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    public static TheoryData<string, int[], int[], (string, object)[]> Convolutions() => new()
    {
        { "Plain", [2, 3, 6, 5], [4, 3, 3, 2], [] },
        { "Strided", [2, 3, 7, 8], [2, 3, 3, 3], [("strides", new long[] { 2, 3 }), ("pads", new long[] { 1, 0, 2, 1 })] },
        { "Dilated", [1, 2, 9, 8], [3, 2, 2, 3], [("dilations", new long[] { 3, 2 }), ("strides", new long[] { 2, 1 })] },
        { "Grouped", [2, 4, 6, 6], [6, 2, 3, 3], [("group", 2L), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", Two)] },
        { "Depthwise", [2, 3, 6, 5], [3, 1, 3, 3], [("group", 3L), ("auto_pad", "SAME_UPPER"), ("strides", Two)] },
        { "Same", [1, 2, 7, 6], [2, 2, 3, 2], [("auto_pad", "SAME_LOWER"), ("strides", new long[] { 3, 2 })] },
        { "Line", [2, 2, 11], [3, 2, 4], [("strides", new long[] { 3 }), ("pads", new long[] { 2, 0 })] },
        { "Volume", [1, 2, 4, 5, 4], [2, 2, 2, 3, 2], [("strides", new long[] { 1, 2, 2 }), ("pads", new long[] { 0, 1, 1, 1, 0, 0 })] },
    };

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void OfConvolutions(string name, int[] x, int[] weights, (string, object)[] attributes)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", DataType.Double, Sizes(x)).Input("w", DataType.Double, Sizes(weights)).Input("b", DataType.Double, weights[0])
            .Node("Conv", ["x", "w", "b"], ["c"], attributes).Node("Mul", ["c", "c"], ["y"]);
        Check("Conv" + name, builder, ("x", x), ("w", weights), ("b", [weights[0]]));
    }

    /// <summary>Sizes of batch and image, and with them the padding, that only a run knows.</summary>
    [Theory]
    [InlineData("SAME_UPPER")]
    [InlineData("NOTSET")]
    public void OfConvolutionsWithOpenSizes(string padding)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", DataType.Double, "n", 2, "h", "w").Input("f", DataType.Double, 3, 2, 3, 2)
            .Node("Conv", ["x", "f"], ["c"], ("auto_pad", padding), ("strides", Two)).Node("Mul", ["c", "c"], ["y"]);
        Check("OpenConv" + padding, builder, ("x", [2, 2, 6, 5]), ("f", [3, 2, 3, 2]));
    }

    [Theory]
    [InlineData("Plain", 1L)]
    [InlineData("Grouped", 2L)]
    public void OfTransposedConvolutions(string name, long groups)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", DataType.Double, 2, 4, 3, 4).Input("w", DataType.Double, 4, 3, 3, 2).Input("b", DataType.Double, 3 * groups)
            .Node("ConvTranspose", ["x", "w", "b"], ["c"], ("group", groups), ("strides", new long[] { 2, 3 }), ("dilations", new long[] { 1, 2 }), ("pads", new long[] { 1, 0, 0, 1 }), ("output_padding", new long[] { 1, 2 }))
            .Node("Mul", ["c", "c"], ["y"]);
        Check("ConvTranspose" + name, builder, ("x", [2, 4, 3, 4]), ("w", [4, 3, 3, 2]), ("b", [3 * (int)groups]));
    }

    public static TheoryData<string, string, int[], (string, object)[]> Pools()
    {
        var data = new TheoryData<string, string, int[], (string, object)[]>();
        foreach (string type in new[] { "MaxPool", "AveragePool", "LpPool" })
        {
            data.Add(type, "Plain", [2, 2, 6, 5], [("kernel_shape", Two)]);
            data.Add(type, "Overlapping", [1, 2, 7, 6], [("kernel_shape", Three), ("strides", Two), ("pads", new long[] { 1, 0, 1, 2 })]);
            data.Add(type, "Ceiling", [1, 2, 6, 7], [("kernel_shape", Two), ("strides", new long[] { 3, 2 }), ("ceil_mode", 1L)]);
            data.Add(type, "Dilated", [1, 2, 8, 7], [("kernel_shape", new long[] { 2, 3 }), ("dilations", new long[] { 3, 2 }), ("strides", new long[] { 2, 1 })]);
            data.Add(type, "Same", [2, 1, 5, 6], [("kernel_shape", Three), ("strides", Two), ("auto_pad", "SAME_UPPER")]);
            data.Add(type, "Line", [2, 3, 9], [("kernel_shape", new long[] { 4 }), ("strides", new long[] { 2 }), ("pads", new long[] { 1, 2 })]);
            data.Add(type, "Volume", [1, 2, 4, 3, 5], [("kernel_shape", new long[] { 2, 2, 3 }), ("strides", new long[] { 2, 1, 2 })]);
        }

        data.Add("AveragePool", "Including", [1, 2, 7, 6], [("kernel_shape", Three), ("strides", Two), ("pads", new long[] { 1, 0, 1, 2 }), ("count_include_pad", 1L), ("ceil_mode", 1L)]);
        data.Add("MaxPool", "Columns", [2, 2, 6, 5], [("kernel_shape", Two), ("storage_order", 1L)]);
        return data;
    }

    [Theory]
    [MemberData(nameof(Pools))]
    public void OfPools(string type, string name, int[] x, (string, object)[] attributes) =>
        Check(type + name, new OnnxModelBuilder(20).Input("x", DataType.Double, Sizes(x)).Node(type, ["x"], ["p"], attributes).Node("Mul", ["p", "p"], ["y"]), ("x", x));

    [Theory]
    [InlineData("MaxPool")]
    [InlineData("AveragePool")]
    public void OfPoolsWithOpenSizes(string type)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", DataType.Double, "n", "c", "h", "w")
            .Node(type, ["x"], ["p"], ("kernel_shape", Three), ("strides", Two), ("auto_pad", "SAME_LOWER")).Node("Mul", ["p", "p"], ["y"]);
        Check("Open" + type, builder, ("x", [2, 2, 6, 5]));
    }

    [Theory]
    [InlineData("GlobalAveragePool")]
    [InlineData("GlobalMaxPool")]
    [InlineData("GlobalLpPool")]
    public void OfGlobalPools(string type) => Check(type, new OnnxModelBuilder(20).Input("x", DataType.Double, 2, 3, 4, 5).Node(type, ["x"], ["p"]).Node("Mul", ["p", "p"], ["y"]), ("x", [2, 3, 4, 5]));

    /// <summary>A small network in float32, against the same in float64: all of it is what one thread of a training step computes.</summary>
    [Fact]
    public void OfANetworkInSinglePrecision()
    {
        OnnxModelBuilder Network(DataType type)
        {
            OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", type, 2, 3, 12, 12).Input("w", type, 8, 3, 3, 3).Input("b", type, 8).Input("v", type, 4, 8, 3, 3)
                .Node("Conv", ["x", "w", "b"], ["c"], ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", ["c"], ["r"]).Node("MaxPool", ["r"], ["m"], ("kernel_shape", Two), ("strides", Two))
                .Node("Conv", ["m", "v"], ["d"]).Node("Tanh", ["d"], ["t"]).Node("GlobalAveragePool", ["t"], ["p"]).Node("Mul", ["p", "p"], ["y"])
                .Node(Gradient, ["x", "w", "b", "v"], ["dx", "dw", "db", "dv"], ("xs", new[] { "x", "w", "b", "v" }), ("y", "y"));
            return builder.Output("dx", type, 2, 3, 12, 12).Output("dw", type, 8, 3, 3, 3).Output("db", type, 8).Output("dv", type, 4, 8, 3, 3);
        }

        (string Name, int[] Shape)[] inputs = [("x", [2, 3, 12, 12]), ("w", [8, 3, 3, 3]), ("b", [8]), ("v", [4, 8, 3, 3])];
        using CompiledModel wide = _models.Load("NetworkDouble", Network(DataType.Double)), narrow = _models.Load("NetworkSingle", Network(DataType.Float));
        using CompiledSession wideSession = wide.CreateSession(), narrowSession = narrow.CreateSession(new SessionOptions { Threads = 2 });
        IReadOnlyDictionary<string, Tensor> expected = wideSession.Run(inputs.ToDictionary(static input => input.Name, static input =>
            Tensor.Create<double>([.. OnnxModelBuilder.WeightValues(input.Name, input.Shape.Aggregate(1, static (a, b) => a * b)).Select(static number => (double)number)], [.. input.Shape.Select(static size => (long)size)])));
        IReadOnlyDictionary<string, Tensor> actual = narrowSession.Run(inputs.ToDictionary(static input => input.Name, static input =>
            Tensor.Create<float>([.. OnnxModelBuilder.WeightValues(input.Name, input.Shape.Aggregate(1, static (a, b) => a * b))], [.. input.Shape.Select(static size => (long)size)])));
        foreach (string name in new[] { "dx", "dw", "db", "dv" })
        {
            double[] right = expected[name].AsSpan<double>().ToArray();
            float[] single = actual[name].AsSpan<float>().ToArray();
            double scale = right.Max(Math.Abs);
            Assert.True(scale > 0);
            Assert.All(single.Zip(right), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * scale, $"{name}: {pair.First} instead of {pair.Second}"));
        }
    }

    /// <summary>The gradient of a gradient: rules of transposed convolutions, and of convolutions whose weights are results.</summary>
    [Fact]
    public void OfGradients()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("x", DataType.Double, 1, 2, 5, 5).Input("w", DataType.Double, 2, 2, 3, 3)
            .Node("Conv", ["x", "w"], ["c"], ("strides", Two), ("pads", new long[] { 1, 1, 1, 1 })).Node("Mul", ["c", "c"], ["c2"]).Node("Mul", ["c2", "c"], ["c3"])
            .Node(Gradient, ["x", "w"], ["gx", "gw"], ("xs", new[] { "x", "w" }), ("y", "c3")).Node("ReduceSum", ["gx"], ["sx"]).Node("ReduceSum", ["gw"], ["sw"])
            .Node("Squeeze", ["sx"], ["tx"]).Node("Squeeze", ["sw"], ["tw"]).Node("Mul", ["tx", "tw"], ["y"]);
        Check("SecondConv", builder, ("x", [1, 2, 5, 5]), ("w", [2, 2, 3, 3]));
    }

    private static object[] Sizes(int[] shape) => [.. shape.Select(static size => (object)size)];

    private void Check(string name, OnnxModelBuilder builder, params (string Name, int[] Shape)[] inputs)
    {
        string[] variables = [.. inputs.Select(static input => input.Name)];
        builder.Node(Gradient, variables, [.. variables.Select(static variable => "d_" + variable)], ("xs", variables), ("y", "y"))
            .Node("ReduceSum", ["y"], ["total"], ("keepdims", 0)).Output("total", DataType.Double);
        foreach ((string variable, int[] shape) in inputs)
        {
            builder.Output("d_" + variable, DataType.Double, Sizes(shape));
        }

        using CompiledModel model = _models.Load("Gradient" + name, builder);
        using CompiledSession session = model.CreateSession();
        var values = inputs.ToDictionary(static input => input.Name, static input =>
            OnnxModelBuilder.WeightValues(input.Name, input.Shape.Aggregate(1, static (a, b) => a * b)).Select(static (number, index) => number + (0.001 * index)).ToArray());
        IReadOnlyDictionary<string, Tensor> results = Run();
        foreach ((string variable, int[] shape) in inputs)
        {
            double[] actual = results["d_" + variable].AsSpan<double>().ToArray();
            Assert.Equal(shape.Select(static size => (long)size), results["d_" + variable].Shape.ToArray());
            Assert.Contains(actual, static number => number != 0);
            for (int index = 0; index < actual.Length; index++)
            {
                const double Step = 1e-5;
                double value = values[variable][index];
                values[variable][index] = value + Step;
                double above = Run()["total"].AsSpan<double>()[0];
                values[variable][index] = value - Step;
                double below = Run()["total"].AsSpan<double>()[0];
                values[variable][index] = value;

                // Errors of the differences: Step² times third derivatives, and rounding of the total divided by Step.
                double expected = (above - below) / (2 * Step);
                double tolerance = 1e-7 * (1 + Math.Abs(expected) + (1e-3 * Math.Abs(above)));
                Assert.True(Math.Abs(expected - actual[index]) <= tolerance, $"{name}: d{variable}[{index}] is {actual[index]} instead of {expected}");
            }
        }

        IReadOnlyDictionary<string, Tensor> Run() =>
            session.Run(inputs.ToDictionary(static input => input.Name, input => Tensor.Create<double>(values[input.Name], [.. input.Shape.Select(static size => (long)size)])));
    }
}
