using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Quantization;
using Cameo.Tests.States;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Products of the same rows with several matrices are one kernel, whose columns go to several places: with the numbers that each has alone.</summary>
public sealed class JoinedProductTests : IDisposable
{
    private const int Depth = 20;

    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(1, 64, 32, 32)]
    [InlineData(13, 96, 33, 7)]
    [InlineData(2, 5, 48, 100)]
    public void PartsHaveTheirOwnEpilogues(int rows, int first, int second, int third)
    {
        ModelCompilation compilation = _models.Compile(new OnnxModelBuilder()
            .Input("x", "rows", Depth).Weight("a", Depth, first).Weight("b", Depth, second).Weight("c", Depth, third).Weight("bias", first)
            .Node("MatMul", ["x", "a"], ["xa"]).Node("Add", ["xa", "bias"], ["ya"])
            .Node("MatMul", ["x", "b"], ["xb"]).Node("Relu", ["xb"], ["yb"])
            .Node("MatMul", ["x", "c"], ["yc"])
            .Output("ya", "rows", first).Output("yb", "rows", second).Output("yc", "rows", third));
        Assert.Equal("matmul", Assert.Single(compilation.Result!.Kernels).Kind);
        Assert.Equal(5, compilation.Result.Kernels[0].Nodes.Count);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        float[] x = QuantizedSample.Activations(rows * Depth);
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, Depth) });
        float[] bias = OnnxModelBuilder.WeightValues("bias", first);
        Check(outputs["ya"], [.. Multiply(x, "a", first).Select((sum, index) => sum + bias[index % first])]);
        Check(outputs["yb"], [.. Multiply(x, "b", second).Select(static sum => Math.Max(sum, 0))]);
        Check(outputs["yc"], Multiply(x, "c", third));
    }

    [Theory]
    [InlineData(1, 96, false)]
    [InlineData(1, 172, true)]
    [InlineData(30, 33, false)]
    [InlineData(7, 5, true)]
    [InlineData(200, 64, true)]
    public void AGateHasNoMemoryOfItsOwn(int rows, int columns, bool gateLast)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "rows", Depth).Weight("g", Depth, columns).Weight("u", Depth, columns);
        if (gateLast)
        {
            builder.Node("MatMul", ["x", "u"], ["up"]).Node("MatMul", ["x", "g"], ["gate"]);
        }
        else
        {
            builder.Node("MatMul", ["x", "g"], ["gate"]).Node("MatMul", ["x", "u"], ["up"]);
        }

        ModelCompilation compilation = _models.Compile(
            builder.Node("Sigmoid", ["gate"], ["s"]).Node("Mul", ["gate", "s"], ["silu"]).Node("Mul", ["silu", "up"], ["y"]).Output("y", "rows", columns));
        Assert.Equal("matmul", Assert.Single(compilation.Result!.Kernels).Kind);
        using CompiledModel model = compilation.CreateModel();
        float[] x = QuantizedSample.Activations(rows * Depth);
        double[] gate = Multiply(x, "g", columns), up = Multiply(x, "u", columns);
        float[]? serial = null;
        foreach (int threads in (int[])[1, 2, 3])
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, Depth) })["y"];
            Check(y, [.. gate.Select((value, index) => value / (1 + Math.Exp(-value)) * up[index])]);
            serial ??= y.AsSpan<float>().ToArray();
            Assert.Equal(serial, y.AsSpan<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(1, 96)]
    [InlineData(9, 40)]
    public void NarrowWeightsAreJoinedToo(int rows, int columns)
    {
        const int depth = 64;
        var sample = new QuantizedSample(depth, columns, 32, hasZeros: false);
        var builder = new OnnxModelBuilder(opset: 21);
        builder.Input("x", "rows", depth);
        foreach (string name in (string[])["g", "u", "d"])
        {
            builder.Constant($"{name}w", DataType.Uint8, QuantizedSample.PackRows(QuantizedSample.Transpose(sample.Elements, depth), columns, depth), columns, 2, 16);
            builder.Constant($"{name}s", QuantizedSample.Transpose(sample.Scales, sample.Blocks), columns * sample.Blocks);
            builder.ContribNode("MatMulNBits", ["x", $"{name}w", $"{name}s"], [name], ("K", (long)depth), ("N", (long)columns), ("bits", 4L), ("block_size", 32L));
        }

        ModelCompilation compilation = _models.Compile(builder.Node("Sigmoid", ["g"], ["s"]).Node("Mul", ["s", "u"], ["y"]).Output("y", "rows", columns).Output("d", "rows", columns));
        Assert.All(compilation.Result!.Kernels, static kernel => Assert.Equal("quantized matmul", kernel.Kind));
        Assert.InRange(compilation.Result.Kernels.Count, 1, 2);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 2 });
        float[] x = QuantizedSample.Activations(rows * depth);
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, depth) });
        double[] product = sample.Multiply(x);
        Check(outputs["d"], product, 1e-5);
        Check(outputs["y"], [.. product.Select(static value => value / (1 + Math.Exp(-value)))], 1e-5);
    }

    [Fact]
    public void WhatIsComputedBetweenKeepsProductsApart()
    {
        const int rows = 3, columns = 24;
        ModelCompilation compilation = _models.Compile(new OnnxModelBuilder()
            .Input("x", rows, Depth).Weight("a", Depth, columns).Weight("b", Depth, columns)
            .Node("MatMul", ["x", "a"], ["scores"]).Node("Softmax", ["scores"], ["share"], ("axis", -1))
            .Node("MatMul", ["x", "b"], ["xb"]).Node("Add", ["xb", "share"], ["y"])
            .Output("y", rows, columns));
        Assert.Equal(2, compilation.Result!.Kernels.Count(static kernel => kernel.Kind == "matmul"));
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        float[] x = QuantizedSample.Activations(rows * Depth);
        double[] scores = Multiply(x, "a", columns), expected = Multiply(x, "b", columns);
        for (int row = 0; row < rows; row++)
        {
            double sum = scores.AsSpan(row * columns, columns).ToArray().Sum(Math.Exp);
            for (int column = 0; column < columns; column++)
            {
                expected[(row * columns) + column] += Math.Exp(scores[(row * columns) + column]) / sum;
            }
        }

        Check(session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, Depth) })["y"], expected);
    }

    /// <summary>One product for queries, keys and values with a bias: keys and values go into the caches, whose heads are narrower than vectors and begin within them.</summary>
    [Theory]
    [InlineData(3, 4)]
    [InlineData(2, 32)]
    public void ColumnsOfOneProductGoIntoCaches(int heads, int size)
    {
        int width = heads * size;
        OnnxModelBuilder Model() => new OnnxModelBuilder(opset: 23)
            .Input("x", "batch", "new", Depth).Input("past_key", "batch", heads, "past", size).Input("past_value", "batch", heads, "past", size)
            .Weight("w", Depth, 3 * width).Weight("b", 3 * width)
            .Node("MatMul", ["x", "w"], ["xw"]).Node("Add", ["xw", "b"], ["qkv"]).Node("Split", ["qkv"], ["q", "k", "v"], ("axis", 2), ("num_outputs", 3))
            .Node("Attention", ["q", "k", "v", "", "past_key", "past_value"], ["y", "present_key", "present_value"], ("is_causal", 1), ("q_num_heads", heads), ("kv_num_heads", heads))
            .Output("y", "batch", "new", width).Output("present_key", "batch", heads, "total", size).Output("present_value", "batch", heads, "total", size);
        const string bounds = "past<=16";
        ModelCompilation stateful = _models.Compile(Model(), dimensions: bounds), plain = _models.Compile(Model(), "none", bounds);
        Assert.Equal(["attention", "matmul"], stateful.Result!.Kernels.Select(static kernel => kernel.Kind).Order());
        using CompiledModel model = stateful.CreateModel(), reference = plain.CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 2 }), other = reference.CreateSession();
        Tensor keys = new(ElementType.Float32, 2, heads, 0, size), values = keys;
        foreach (int tokens in (int[])[3, 1, 5, 1])
        {
            Tensor x = Tensor.Create(QuantizedSample.Activations(2 * tokens * Depth), 2, tokens, Depth);
            IReadOnlyDictionary<string, Tensor> expected = other.Run(new Dictionary<string, Tensor> { ["x"] = x, ["past_key"] = keys, ["past_value"] = values });
            Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"];
            Check(y, [.. expected["y"].AsSpan<float>().ToArray().Select(static value => (double)value)]);
            (keys, values) = (expected["present_key"], expected["present_value"]);
            Assert.Equal(keys.AsSpan<float>().ToArray(), session.ReadState("present_key").AsSpan<float>().ToArray());
            Assert.Equal(values.AsSpan<float>().ToArray(), session.ReadState("present_value").AsSpan<float>().ToArray());
        }
    }

    private static double[] Multiply(float[] x, string name, int columns)
    {
        float[] weights = OnnxModelBuilder.WeightValues(name, Depth, columns);
        return [.. Enumerable.Range(0, x.Length / Depth * columns).Select(index => Enumerable.Range(0, Depth).Sum(k => (double)x[(index / columns * Depth) + k] * weights[(k * columns) + (index % columns)]))];
    }

    private static void Check(Tensor actual, double[] expected, double tolerance = 2e-6)
    {
        ReadOnlySpan<float> values = actual.AsSpan<float>();
        Assert.Equal(expected.Length, values.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.InRange(values[index], expected[index] - (tolerance * Math.Max(1, Math.Abs(expected[index]))), expected[index] + (tolerance * Math.Max(1, Math.Abs(expected[index]))));
        }
    }
}
