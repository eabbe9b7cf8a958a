using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>Operators on int8 matrices in other orders than that of rows, element by element.</summary>
public sealed class OrderedMatrixTests : IDisposable
{
    private const int Rows = 3, Columns = 64;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(1, 2, true)]
    [InlineData(2, 1, false)]
    [InlineData(0, 2, true)]
    public void NumbersAreQuantizedIntoAnOrder(int from, int to, bool isHalf)
    {
        DataType type = isHalf ? DataType.Float16 : DataType.Float;
        float[] numbers = [.. OnnxModelBuilder.WeightValues("x", 2, Rows, Columns).Select(static value => (float)(Half)value)];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", type, 2, Rows, Columns).Constant("s", [0.013f])
            .Node("com.microsoft.QuantizeWithOrder", ["x", "s"], ["q"], ("order_input", from), ("order_output", to)).Output("q", DataType.Int8, 2, Rows, Columns)
            .Node("com.microsoft.DequantizeWithOrder", ["q", "s"], ["y"], ("order_input", to), ("order_output", from), ("to", (int)type)).Output("y", type, 2, Rows, Columns);
        IReadOnlyDictionary<string, Tensor> results = Run($"Order{from}{to}", builder, new()
        {
            ["x"] = isHalf ? Tensor.Create<Half>([.. numbers.Select(static value => (Half)value)], 2, Rows, Columns) : Tensor.Create(numbers, 2, Rows, Columns),
        });
        for (int index = 0; index < numbers.Length; index++)
        {
            (int batch, int row, int column) = (index / (Rows * Columns), index / Columns % Rows, index % Columns);
            float number = numbers[Place(from, batch, row, column)];
            Assert.InRange(results["q"].AsSpan<sbyte>()[Place(to, batch, row, column)] - Math.Clamp(number / 0.013, -128, 127), -0.5001, 0.5001);
            double back = results["q"].AsSpan<sbyte>()[Place(to, batch, row, column)] * 0.013;
            Assert.Equal(back, isHalf ? (double)results["y"].AsSpan<Half>()[Place(from, batch, row, column)] : results["y"].AsSpan<float>()[Place(from, batch, row, column)], 1e-3);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void ProductsTakeColumns(bool isPerColumn, bool hasSum)
    {
        const int Depth = 5, Outputs = 4;
        sbyte[] a = Bytes(1, 2 * Rows * Depth), b = Bytes(2, Depth * Outputs), c = Bytes(3, Rows * Outputs);
        float[] scales = isPerColumn ? [0.1f, 0.2f, 0.05f, 0.4f] : [0.1f];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", DataType.Int8, 2, Rows, Depth).Constant("sa", [0.02f]).Constant("b", DataType.Int8, System.Runtime.InteropServices.MemoryMarshal.AsBytes<sbyte>(b), Depth, Outputs)
            .Constant("sb", scales, isPerColumn ? [Outputs] : []).Constant("sy", [0.9f]).Weight("bias", Outputs).Input("c", DataType.Int8, 1, Rows, Outputs).Constant("sc", [0.3f])
            .Node("com.microsoft.QOrderedMatMul", ["a", "sa", "b", "sb", "sy", "bias", .. hasSum ? new[] { "c", "sc" } : []], ["y"], ("order_A", 1), ("order_B", 0), ("order_Y", 1)).Output("y", DataType.Int8, 2, Rows, Outputs);
        Tensor y = Run($"Product{isPerColumn}", builder, new() { ["a"] = Tensor.Create(a, 2, Rows, Depth), ["c"] = Tensor.Create(c, 1, Rows, Outputs) })["y"];
        for (int index = 0; index < 2 * Rows * Outputs; index++)
        {
            (int row, int column) = (index / Outputs, index % Outputs);
            double sum = Enumerable.Range(0, Depth).Sum(k => (double)a[(row * Depth) + k] * b[(column * Depth) + k]) * 0.02 * scales[isPerColumn ? column : 0];
            sum += OnnxModelBuilder.WeightValues("bias", Outputs)[column] + (hasSum ? c[(row % Rows * Outputs) + column] * 0.3 : 0);
            Assert.InRange(y.AsSpan<sbyte>()[index] - Math.Clamp(sum / 0.9, -128, 127), -0.501, 0.501);
        }
    }

    [Fact]
    public void NormsAndActivationsKeepTheOrder()
    {
        sbyte[] x = Bytes(4, Rows * Columns);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", DataType.Int8, Rows, Columns).Constant("sx", [0.02f]).Constant("sy", [0.03f]).Weight("gamma", Columns).Weight("beta", Columns)
            .Node("com.microsoft.QOrderedGelu", ["x", "sx", "sy"], ["g"], ("order_X", 2), ("order_Y", 2)).Output("g", DataType.Int8, Rows, Columns)
            .Node("com.microsoft.QOrderedLayerNormalization", ["x", "sx", "gamma", "beta", "sy"], ["n"], ("order_X", 2), ("order_Y", 2), ("epsilon", 1e-3f)).Output("n", DataType.Int8, Rows, Columns);
        IReadOnlyDictionary<string, Tensor> results = Run("Norms", builder, new() { ["x"] = Tensor.Create(x, Rows, Columns) });
        (float[] gamma, float[] beta) = (OnnxModelBuilder.WeightValues("gamma", Columns), OnnxModelBuilder.WeightValues("beta", Columns));
        for (int row = 0; row < Rows; row++)
        {
            double[] numbers = [.. Enumerable.Range(0, Columns).Select(column => x[Place(2, 0, row, column)] * 0.02)];
            double mean = numbers.Average(), variance = numbers.Average(value => (value - mean) * (value - mean));
            for (int column = 0; column < Columns; column++)
            {
                double normal = ((numbers[column] - mean) / Math.Sqrt(variance + 1e-3) * gamma[column]) + beta[column];
                Assert.InRange(results["n"].AsSpan<sbyte>()[Place(2, 0, row, column)] - Math.Clamp(normal / 0.03, -128, 127), -0.501, 0.501);

                // Gelu lies between the tangents; its value by the integral of the normal distribution.
                double steps = 2000, area = Enumerable.Range(0, (int)steps).Sum(step => Math.Exp(-Math.Pow(numbers[column] * (step + 0.5) / steps, 2) / 2)) * numbers[column] / steps / Math.Sqrt(2 * Math.PI);
                Assert.InRange(results["g"].AsSpan<sbyte>()[Place(2, 0, row, column)] - Math.Clamp(numbers[column] * (0.5 + area) / 0.03, -128, 127), -0.501, 0.501);
            }
        }
    }

    [Theory]
    [InlineData("order_output", 3, "tiles of one kind of GPU")]
    [InlineData("order_output", 7, "'order_output' is 7")]
    [InlineData("order_input", 2, "cannot have")]
    public void OrdersThatAreNotKnownAreRefused(string attribute, int value, string reason)
    {
        var attributes = new Dictionary<string, object> { ["order_input"] = 1, ["order_output"] = 1, };
        attributes[attribute] = value;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 3, 33).Constant("s", [1f]).Node("com.microsoft.QuantizeWithOrder", ["x", "s"], ["q"], [.. attributes.Select(static pair => (pair.Key, pair.Value))]).Output("q", DataType.Int8, 3, 33);
        Assert.Contains(reason, _models.Refusal($"Orders{attribute}{value}", builder), StringComparison.Ordinal);
    }

    /// <summary>Where an element of a matrix [Rows, Columns] lies.</summary>
    private static int Place(int order, int batch, int row, int column) => (batch * Rows * Columns) + order switch
    {
        0 => (column * Rows) + row,
        1 => (row * Columns) + column,
        _ => (column / 32 * Rows * 32) + (row * 32) + (column % 32),
    };

    private static sbyte[] Bytes(int seed, int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return [.. bytes.Select(static value => unchecked((sbyte)value))];
    }

    private IReadOnlyDictionary<string, Tensor> Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs);
    }
}
