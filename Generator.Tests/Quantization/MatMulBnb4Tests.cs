using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>MatMulBnb4 the way back: with transB 0 the weights [N, K] are multiplied as they are.</summary>
public sealed class MatMulBnb4Tests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void WeightsMayStayAsTheyAre(int transposes)
    {
        const int Rows = 3, Depth = 16, Columns = 6, Block = 32;
        double[] table = [0, 5.208333333e-03, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25];
        byte[] codes = new byte[Depth * Columns / 2];
        new Random(5).NextBytes(codes);
        float[] scales = OnnxModelBuilder.WeightValues("s", Depth * Columns / Block);
        (int taken, int given) = transposes == 1 ? (Depth, Columns) : (Columns, Depth);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", Rows, taken).Constant("b", DataType.Uint8, codes, codes.Length).Weight("s", scales.Length)
            .Node("com.microsoft.MatMulBnb4", ["a", "b", "s"], ["y"], ("K", Depth), ("N", Columns), ("block_size", Block), ("quant_type", 0), ("transB", transposes)).Output("y", Rows, given);
        float[] a = OnnxModelBuilder.WeightValues("a", Rows, taken);
        using CompiledModel model = _models.Load($"Bnb{transposes}", builder);
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", ("a", Tensor.Create(a, Rows, taken)));
        double Weight(int column, int k)
        {
            int index = (column * Depth) + k, code = (codes[index / 2] >> (index % 2 == 0 ? 4 : 0)) & 15;
            return (code < 8 ? table[code] : -table[code - 8]) * scales[index / Block];
        }

        for (int index = 0; index < y.Length; index++)
        {
            double expected = Enumerable.Range(0, taken).Sum(k => a[(index / given * taken) + k] * (transposes == 1 ? Weight(index % given, k) : Weight(k, index % given)));
            Assert.Equal(expected, y[index], 1e-5);
        }
    }
}
