using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>Pooling of float64, and LpPool with windows that end behind the padding.</summary>
public sealed class PoolModelTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("MaxPool", 0)]
    [InlineData("AveragePool", 0)]
    [InlineData("AveragePool", 1)]
    public void Windows_of_float64(string type, int includesPadding)
    {
        const int Height = 5, Width = 4;
        (string, object)[] attributes = [("kernel_shape", new long[] { 3, 2 }), ("strides", new long[] { 2, 1 }), ("pads", new long[] { 1, 0, 1, 1 })];
        using CompiledModel model = _models.Load($"Double{type}{includesPadding}", new OnnxModelBuilder(opset: 22)
            .Input("x", DataType.Double, "n", 2, Height, Width)
            .Node(type, ["x"], ["y"], type == "MaxPool" ? attributes : [.. attributes, ("count_include_pad", includesPadding)]).Output("y", DataType.Double, "n", 2, 3, 4));
        using CompiledSession session = model.CreateSession();
        double[] x = [.. Enumerable.Range(0, 2 * 2 * Height * Width).Select(static index => Math.Cos(index * index) - 1)];
        double[] y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<double>(x, 2, 2, Height, Width) })["y"].AsSpan<double>().ToArray();
        for (int element = 0; element < y.Length; element++)
        {
            int column = element % 4, row = element / 4 % 3, plane = element / 12;
            double[] window = [.. from r in Enumerable.Range((row * 2) - 1, 3) from c in Enumerable.Range(column, 2) where r is >= 0 and < Height && c < Width select x[(((plane * Height) + r) * Width) + c]];
            Assert.Equal(type == "MaxPool" ? window.Max() : includesPadding == 1 ? window.Sum() / 6 : window.Average(), y[element], 1e-12);
        }
    }

    [Fact]
    public void Norms_of_windows_that_end_behind_the_padding()
    {
        using CompiledModel model = _models.Load("CeilingNorm", new OnnxModelBuilder(opset: 18)
            .Input("x", 1, 1, "length").Node("LpPool", ["x"], ["y"], ("kernel_shape", new long[] { 3 }), ("strides", new long[] { 2 }), ("pads", new long[] { 1, 0 }), ("ceil_mode", 1), ("p", 3))
            .Output("y", 1, 1, "pooled"));
        using CompiledSession session = model.CreateSession();
        // Windows begin at -1, 1, 3; the last ends behind the input.
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, -2, 3, 4, -1], 1, 1, 5)));
        Assert.Equal([(float)Math.Cbrt(9), (float)Math.Cbrt(8 + 27 + 64), (float)Math.Cbrt(65)], y, static (expected, actual) => Math.Abs(expected - actual) < 1e-5);
    }
}
