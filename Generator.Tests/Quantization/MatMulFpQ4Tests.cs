using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>MatMulFpQ4 in double precision, and as ONNX Runtime computes it where that knows the quantisation type.</summary>
public sealed class MatMulFpQ4Tests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [SkippableTheory]
    [InlineData(0, 1, 64, 5, true)]
    [InlineData(0, 3, 70, 33, true)]
    [InlineData(1, 1, 64, 5, true)]
    [InlineData(1, 7, 200, 96, true)]
    [InlineData(1, 2, 33, 40, false)]
    [InlineData(0, 2, 96, 7, false)]
    [InlineData(2, 1, 128, 9, true)]
    [InlineData(2, 4, 100, 70, true)]
    [InlineData(2, 3, 130, 6, false)]
    public void ProductsAgree(int kind, int rows, int depth, int columns, bool isConstant)
    {
        int length = kind == 2 ? 64 : 32, start = kind == 1 ? 5 : 4, blockBytes = start + (length / 2), blocks = (depth + length - 1) / length;
        var random = new Random(depth + kind);
        byte[] blob = new byte[columns * blocks * blockBytes];
        double[] weights = new double[depth * columns];
        for (int column = 0; column < columns; column++)
        {
            for (int block = 0; block < blocks; block++)
            {
                Span<byte> bytes = blob.AsSpan(((column * blocks) + block) * blockBytes, blockBytes);
                random.NextBytes(bytes);
                float scale = random.NextSingle() - 0.5f;
                BitConverter.TryWriteBytes(bytes, scale);
                int zero = 8;
                if (kind == 1)
                {
                    bytes[4] = (byte)random.Next(16);
                    zero = bytes[4];
                }

                for (int element = 0; element < length && (block * length) + element < depth; element++)
                {
                    int pair = bytes[start + (element / 32 * 16) + (element % 16)];
                    weights[(((block * length) + element) * columns) + column] = ((element % 32 < 16 ? pair & 15 : pair >> 4) - zero) * (double)scale;
                }
            }
        }

        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 2, rows, depth).Integers("shape", depth, columns);
        float[] a = OnnxModelBuilder.WeightValues("a", 2, rows, depth);
        var inputs = new Dictionary<string, Tensor> { ["a"] = Tensor.Create(a, 2, rows, depth) };
        if (isConstant)
        {
            builder.Constant("blob", DataType.Uint8, blob, blob.Length);
        }
        else
        {
            builder.Input("blob", DataType.Uint8, blob.Length);
            inputs["blob"] = Tensor.Create(blob, blob.Length);
        }

        builder.Node("com.microsoft.MatMulFpQ4", ["a", "blob", "shape"], ["y"], ("blk_quant_type", kind)).Output("y", 2, rows, columns);
        using CompiledModel model = _models.Load($"FpQ4{kind}{depth}", builder);
        using CompiledSession session = model.CreateSession();
        float[] actual = session.Run(inputs)["y"].AsSpan<float>().ToArray();
        for (int row = 0; row < 2 * rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                double[] terms = [.. Enumerable.Range(0, depth).Select(k => a[(row * depth) + k] * weights[(k * columns) + column])];
                Assert.Equal(terms.Sum(), actual[(row * columns) + column], 1e-6 * terms.Sum(Math.Abs));
            }
        }

        if (kind != 2)
        {
            float[] expected = OnnxRuntimeOracle.Run(builder, inputs)["y"].AsSpan<float>().ToArray();
            Assert.Equal(expected, actual, static (left, right) => Math.Abs(left - right) < 1e-3);
        }
    }

    [Theory]
    [InlineData(3, 2 * 21, new long[] { 32, 2 }, "known are 0, 1 and 2")]
    [InlineData(1, 2 * 20, new long[] { 32, 2 }, "which takes 42")]
    [InlineData(0, 2 * 20, new long[] { 31, 2 }, "does not end in 31")]
    [InlineData(0, 2 * 20, new long[] { 32, 2, 1 }, "must be two numbers")]
    [InlineData(0, 2 * 20, new long[] { 32, -2 }, "must have rows and columns")]
    public void RefusesBlobsThatDoNotFit(int kind, int bytes, long[] shape, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 3, 32).Input("blob", DataType.Uint8, bytes).Integers("shape", shape)
            .Node("com.microsoft.MatMulFpQ4", ["a", "blob", "shape"], ["y"], ("blk_quant_type", kind)).Output("y", 3, "n");
        Assert.Contains(reason, _models.Refusal($"FpQ4Refused{kind}{bytes}", builder), StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesShapesThatOnlyARunKnows()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 3, 32).Input("blob", DataType.Uint8, 42).Input("shape", DataType.Int64, 2)
            .Node("com.microsoft.MatMulFpQ4", ["a", "blob", "shape"], ["y"]).Output("y", 3, "n");
        Assert.Contains("whose shape (input 2) is not known", _models.Refusal("FpQ4Open", builder), StringComparison.Ordinal);
    }
}
