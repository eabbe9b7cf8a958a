using Cameo.Generator;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>Products with quantised weights: every spelling ends in the same kernel, keeps its weights narrow, and gives the numbers of a product in double precision.</summary>
public sealed class QuantizedProductTests : IDisposable
{
    private const int Rows = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Depth, columns and rows of a block; 172 and 70 leave a partial block.</summary>
    public static TheoryData<string, int, int, int> Spellings()
    {
        TheoryData<string, int, int, int> cases = [];
        foreach (string spelling in (string[])["MatMulNBits", "MatMulNBits zero points", "DequantizeLinear", "DequantizeLinear zero points", "DequantizeLinear transposed", "Gemm"])
        {
            cases.Add(spelling, 64, 40, 32);
            cases.Add(spelling, 172, 33, 32);
            cases.Add(spelling, 70, 96, 16);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void EverySpellingOfFourBitsIsOneKernelOverNarrowWeights(string spelling, int depth, int columns, int blockSize)
    {
        var sample = new QuantizedSample(depth, columns, blockSize, spelling.EndsWith("zero points", StringComparison.Ordinal));
        ModelCompilation compilation = Compile(Spell(spelling, sample));
        KernelSummary kernel = Assert.Single(compilation.Result!.Kernels);
        Assert.Equal("quantized matmul", kernel.Kind);

        // Half a byte an element and a parameter a block, in whole panels of 32 columns and whole words of 8 rows; 64 bytes for each array's alignment.
        int panels = (columns + 31) / 32 * 32;
        int bound = (panels * (depth + 7) / 8 * 4) + (panels * sample.Blocks * 5) + (3 * 64);
        Assert.InRange(compilation.Result.Recipe!.PayloadBytes, 1, bound);

        float[] activations = QuantizedSample.Activations(Rows * depth);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        ReadOnlySpan<float> y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(activations, [Rows, depth]) })["y"].AsSpan<float>();
        double[] expected = sample.Multiply(activations);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], y[index], 2e-5);
        }
    }

    /// <summary>float32 scales that are float16 numbers take two bytes in the weight file and give the same product.</summary>
    [Theory]
    [InlineData("MatMulNBits")]
    [InlineData("DequantizeLinear")]
    [InlineData("Gemm")]
    public void ScalesThatAreHalvesAreStoredAsHalves(string spelling)
    {
        const int depth = 512, columns = 64, blockSize = 16;
        var sample = new QuantizedSample(depth, columns, blockSize, hasZeros: false);
        sample.RoundScales();
        ModelCompilation compilation = Compile(Spell(spelling, sample));
        Assert.InRange(compilation.Result!.Recipe!.PayloadBytes, 1, (depth * columns / 2) + (depth / blockSize * columns * 2) + (3 * 64));
        float[] activations = QuantizedSample.Activations(Rows * depth);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        ReadOnlySpan<float> y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(activations, [Rows, depth]) })["y"].AsSpan<float>();
        double[] expected = sample.Multiply(activations);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], y[index], 2e-4);
        }
    }

    /// <summary>
    /// Depth, columns, accuracy level and whether activations then are int8: level 4 allows it, matrices of fewer than 64 Ki weights are not worth it. Rounding shows as an error within half of a
    /// 127th of the largest activation of a block for each, and above that of float32.
    /// </summary>
    [Theory]
    [InlineData(512, 160, 4, true)]
    [InlineData(1000, 96, 4, true)]
    [InlineData(512, 160, 1, false)]
    [InlineData(512, 160, 0, false)]
    [InlineData(512, 96, 4, false)]
    public void ActivationsAreBytesWhereTheModelAllowsItAndItPays(int depth, int columns, int accuracyLevel, bool isDynamic)
    {
        const int blockSize = 32;
        var sample = new QuantizedSample(depth, columns, blockSize, hasZeros: true);
        ModelCompilation compilation = Compile(Spell("MatMulNBits zero points", sample, accuracyLevel));
        float[] activations = QuantizedSample.Activations(Rows * depth);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        ReadOnlySpan<float> y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(activations, [Rows, depth]) })["y"].AsSpan<float>();
        double[] expected = sample.Multiply(activations);
        double[] bounds = sample.ByteRounding(activations);
        double worst = 0;
        for (int index = 0; index < expected.Length; index++)
        {
            double error = Math.Abs(expected[index] - y[index]);
            Assert.InRange(error, 0, 2e-4 + (isDynamic ? bounds[index] : 0));
            worst = Math.Max(worst, error);
        }

        Assert.Equal(isDynamic, worst > 2e-3);
    }

    [Fact]
    public void ScalesAlongTheDepthAreDequantisedAndReported()
    {
        var sample = new QuantizedSample(64, 32, 64, hasZeros: false);
        var builder = new OnnxModelBuilder(opset: 21);
        builder.Input("x", Rows, 64).Constant("w", DataType.Int4, QuantizedSample.Pack(Signed(sample.Elements)), 64, 32);
        builder.Constant("s", QuantizedSample.Activations(64), 64);
        builder.Node("DequantizeLinear", ["w", "s"], ["f"], ("axis", 0)).Node("MatMul", ["x", "f"], ["y"]).Output("y", Rows, 32);
        ModelCompilation compilation = Compile(builder);
        Assert.Contains(compilation.Result!.Misses, static miss => miss.Reason.Contains("a scale for each row", StringComparison.Ordinal));
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        float[] x = QuantizedSample.Activations(Rows * 64);
        float[] scales = QuantizedSample.Activations(64);
        ReadOnlySpan<float> y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, [Rows, 64]) })["y"].AsSpan<float>();
        double expected = Enumerable.Range(0, 64).Sum(k => x[k] * ((double)sample.Elements[k * 32] - 8) * scales[k]);
        Assert.Equal(expected, y[0], 2e-5);
    }

    private static OnnxModelBuilder Spell(string spelling, QuantizedSample sample, int accuracyLevel = 0)
    {
        var builder = new OnnxModelBuilder(opset: 21);
        (int depth, int columns, int blocks) = (sample.Depth, sample.Columns, sample.Blocks);
        builder.Input("x", Rows, depth).Output("y", Rows, columns);
        float[] columnScales = QuantizedSample.Transpose(sample.Scales, blocks);
        switch (spelling)
        {
            case "MatMulNBits" or "MatMulNBits zero points":
                byte[] rows = QuantizedSample.Transpose(sample.Elements, depth);
                builder.Constant("w", DataType.Uint8, QuantizedSample.PackRows(rows, columns, blocks * sample.BlockSize), columns, blocks, sample.BlockSize / 2);
                builder.Constant("s", columnScales, columns, blocks);
                bool hasZeros = spelling != "MatMulNBits";
                if (hasZeros)
                {
                    byte[] zeros = QuantizedSample.PackRows(QuantizedSample.Transpose(sample.Zeros, blocks), columns, (blocks + 1) / 2 * 2);
                    builder.Constant("z", DataType.Uint8, zeros, columns, (blocks + 1) / 2);
                }

                return builder.ContribNode("MatMulNBits", hasZeros ? ["x", "w", "s", "z"] : ["x", "w", "s"], ["y"], ("K", depth), ("N", columns), ("bits", 4), ("block_size", sample.BlockSize), ("accuracy_level", accuracyLevel));
            case "DequantizeLinear":
                builder.Constant("w", DataType.Int4, QuantizedSample.Pack(Signed(sample.Elements)), depth, columns).Constant("s", sample.Scales, blocks, columns);
                return builder.Node("DequantizeLinear", ["w", "s"], ["f"], ("axis", 0), ("block_size", sample.BlockSize)).Node("MatMul", ["x", "f"], ["y"]);
            case "DequantizeLinear zero points":
                builder.Constant("w", DataType.Uint4, QuantizedSample.Pack(sample.Elements), depth, columns).Constant("s", sample.Scales, blocks, columns);
                builder.Constant("z", DataType.Uint4, QuantizedSample.Pack(sample.Zeros), blocks, columns);
                return builder.Node("DequantizeLinear", ["w", "s", "z"], ["f"], ("axis", 0), ("block_size", sample.BlockSize)).Node("MatMul", ["x", "f"], ["y"]);
            default:
                byte[] transposed = QuantizedSample.Transpose(Signed(sample.Elements), depth);
                builder.Constant("w", DataType.Int4, QuantizedSample.Pack(transposed), columns, depth).Constant("s", columnScales, columns, blocks);
                builder.Node("DequantizeLinear", ["w", "s"], ["f"], ("axis", 1), ("block_size", sample.BlockSize));
                return spelling == "Gemm"
                    ? builder.Node("Gemm", ["x", "f"], ["y"], ("transB", 1))
                    : builder.Node("Transpose", ["f"], ["t"], ("perm", new long[] { 1, 0 })).Node("MatMul", ["x", "t"], ["y"]);
        }
    }

    /// <summary>Elements 0 … 15 as the bits of -8 … 7.</summary>
    private static byte[] Signed(byte[] elements) => [.. elements.Select(static element => (byte)((element - 8) & 15))];

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
