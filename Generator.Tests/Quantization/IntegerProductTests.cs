using System.Runtime.InteropServices;
using Cameo.Generator;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>Products of quantised activations: every spelling is computed on integers, in one kernel with its requantisation.</summary>
public sealed class IntegerProductTests : IDisposable
{
    private const int Rows = 5;
    private const int Depth = 37;
    private const int Columns = 43;
    private const float InputScale = 0.02f;
    private const float OutputScale = 0.11f;
    private const byte InputZero = 130;
    private const sbyte OutputZero = -7;

    private static readonly byte[] Input = [.. Enumerable.Range(0, Rows * Depth).Select(static index => (byte)(index * 89 % 251))];
    private static readonly sbyte[] Weights = [.. Enumerable.Range(0, Depth * Columns).Select(static index => (sbyte)((index * 57 % 253) - 126))];
    private static readonly float[] WeightScales = [.. Enumerable.Range(0, Columns).Select(static column => 0.004f + (0.0001f * column))];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("QLinearMatMul")]
    [InlineData("Pairs")]
    [InlineData("QGemm")]
    public void QuantisedResultsComeFromOneKernel(string spelling)
    {
        OnnxModelBuilder builder = Parameters().Input("x", DataType.Uint8, Rows, Depth).Output("y", DataType.Int8, Rows, Columns);
        ModelCompilation compilation = Compile(spelling switch
        {
            "QLinearMatMul" => builder.Node("QLinearMatMul", ["x", "sx", "zx", "w", "sw", "zw", "sy", "zy"], ["y"]),
            "QGemm" => builder.ContribNode("QGemm", ["x", "sx", "zx", "w", "sw", "zw", "", "sy", "zy"], ["y"]),
            _ => builder.Node("DequantizeLinear", ["x", "sx", "zx"], ["fx"]).Node("DequantizeLinear", ["w", "sw", "zw"], ["fw"], ("axis", 1))
                .Node("MatMul", ["fx", "fw"], ["fy"]).Node("QuantizeLinear", ["fy", "sy", "zy"], ["y"]),
        });
        Assert.Equal(["integer matmul"], compilation.Result!.Kernels.Select(static kernel => kernel.Kind));
        sbyte[] y = Run(compilation, Tensor.Create(Input, [Rows, Depth])).AsSpan<sbyte>().ToArray();
        for (int index = 0; index < y.Length; index++)
        {
            double exact = Math.Round(Sum(index / Columns, index % Columns) * InputScale * WeightScales[index % Columns] / OutputScale) + OutputZero;

            // Scales are multiplied in float32, so that halves may round to either side.
            Assert.InRange(y[index], Math.Clamp(exact, -128, 127) - 1, Math.Clamp(exact, -128, 127) + 1);
        }

        Assert.True(y.Distinct().Count() > 50);
    }

    [Fact]
    public void MatMulIntegerGivesExactSums()
    {
        ModelCompilation compilation = Compile(Parameters().Input("x", DataType.Uint8, Rows, Depth).Output("y", DataType.Int32, Rows, Columns)
            .Node("MatMulInteger", ["x", "w", "zx"], ["y"]));
        Assert.Equal(["integer matmul"], compilation.Result!.Kernels.Select(static kernel => kernel.Kind));
        Assert.Equal(
            Enumerable.Range(0, Rows * Columns).Select(static index => Sum(index / Columns, index % Columns)),
            Run(compilation, Tensor.Create(Input, [Rows, Depth])).AsSpan<int>().ToArray());
    }

    [Fact]
    public void DynamicQuantisationEndsInAnIntegerProduct()
    {
        ModelCompilation compilation = Compile(Parameters().Input("x", Rows, Depth).Output("y", Rows, Columns)
            .Node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]).Node("MatMulInteger", ["q", "w", "z", "zw0"], ["i"])
            .Node("Cast", ["i"], ["f"], ("to", 1)).Node("Mul", ["s", "sw0"], ["scale"]).Node("Mul", ["f", "scale"], ["y"]));
        KernelSummary product = Assert.Single(compilation.Result!.Kernels, static kernel => kernel.Kind == "integer matmul");
        Assert.Contains(product.Nodes, static node => node.StartsWith("Cast", StringComparison.Ordinal));

        float[] x = QuantizedSample.Activations(Rows * Depth);
        float[] y = Run(compilation, Tensor.Create(x, [Rows, Depth])).AsSpan<float>().ToArray();
        for (int index = 0; index < y.Length; index++)
        {
            int row = index / Columns, column = index % Columns;
            double exact = Enumerable.Range(0, Depth).Sum(k => (double)x[(row * Depth) + k] * Weights[(k * Columns) + column] * 0.01);

            // Each activation is off by at most half a step of 2 / 255.
            double bound = Enumerable.Range(0, Depth).Sum(k => Math.Abs((double)Weights[(k * Columns) + column])) * 0.01 / 254;
            Assert.InRange(y[index], exact - bound, exact + bound);
        }
    }

    [Fact]
    public void ConvolutionOfIntegersRequantisesInItsEpilogue()
    {
        const int Channels = 3, Filters = 5, Size = 6;
        byte[] image = [.. Enumerable.Range(0, Channels * Size * Size).Select(static index => (byte)(index * 71 % 256))];
        sbyte[] filters = [.. Enumerable.Range(0, Filters * Channels * 9).Select(static index => (sbyte)((index * 37 % 255) - 127))];
        int[] bias = [100, -2000, 0, 30000, 7];
        OnnxModelBuilder builder = Parameters().Input("x", DataType.Uint8, 1, Channels, Size, Size).Output("y", DataType.Int8, 1, Filters, Size, Size);
        builder.Constant("k", DataType.Int8, MemoryMarshal.AsBytes<sbyte>(filters), Filters, Channels, 3, 3).Constant("b", DataType.Int32, MemoryMarshal.AsBytes<int>(bias), Filters);
        ModelCompilation compilation = Compile(builder.Node("QLinearConv", ["x", "sx", "zx", "k", "sw0", "zw0", "sy", "zy", "b"], ["y"], ("pads", new long[] { 1, 1, 1, 1 })));
        Assert.Equal(["integer convolution"], compilation.Result!.Kernels.Select(static kernel => kernel.Kind));
        sbyte[] y = Run(compilation, Tensor.Create(image, [1, Channels, Size, Size])).AsSpan<sbyte>().ToArray();
        for (int index = 0; index < y.Length; index++)
        {
            int filter = index / (Size * Size), row = index / Size % Size, column = index % Size;
            int sum = bias[filter];
            for (int tap = 0; tap < Channels * 9; tap++)
            {
                int channel = tap / 9, r = row + (tap / 3 % 3) - 1, c = column + (tap % 3) - 1;
                bool isInside = r is >= 0 and < Size && c is >= 0 and < Size;
                sum += isInside ? (image[(((channel * Size) + r) * Size) + c] - InputZero) * filters[(filter * Channels * 9) + tap] : 0;
            }

            double exact = Math.Clamp(Math.Round(sum * (double)InputScale * 0.01f / OutputScale) + OutputZero, -128, 127);
            Assert.InRange(y[index], exact - 1, exact + 1);
        }

        Assert.True(y.Distinct().Count() > 20);
    }

    private static int Sum(int row, int column)
    {
        int sum = 0;
        for (int k = 0; k < Depth; k++)
        {
            sum += (Input[(row * Depth) + k] - InputZero) * Weights[(k * Columns) + column];
        }

        return sum;
    }

    private static OnnxModelBuilder Parameters() => new OnnxModelBuilder(opset: 21)
        .Constant("w", DataType.Int8, MemoryMarshal.AsBytes<sbyte>(Weights), Depth, Columns)
        .Constant("sw", WeightScales, Columns)
        .Constant("zw", DataType.Int8, new byte[Columns], Columns)
        .Constant("sw0", [0.01f]).Constant("zw0", DataType.Int8, [0])
        .Constant("sx", [InputScale]).Constant("zx", DataType.Uint8, [InputZero])
        .Constant("sy", [OutputScale]).Constant("zy", DataType.Int8, [unchecked((byte)OutputZero)]);

    private static Tensor Run(ModelCompilation compilation, Tensor x)
    {
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        return session.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"];
    }

    private ModelCompilation Compile(OnnxModelBuilder builder)
    {
        string path = Path.Combine(_folder.Path, "Product.onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        ModelCompilation compilation = ModelCompilation.Run("Product", path, "Product", Path.Combine(_folder.Path, "Product"));
        GeneratedAssembly.Build([compilation]);
        Assert.True(compilation.Type is not null, compilation.Explain());
        return compilation;
    }
}
