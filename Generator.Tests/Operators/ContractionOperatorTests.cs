using Cameo.Generator.Graphs;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>Matrix products, convolutions and pools: shapes in all padding modes, refusals, expansions.</summary>
public sealed class ContractionOperatorTests
{
    private readonly OperatorHarness _harness = new();

    [Theory]
    [InlineData("b,s,64", "64,8", "[b, s, 8]")]
    [InlineData("b,h,s,64", "b,h,64,t", "[b, h, s, t]")]
    [InlineData("64", "64,8", "[8]")]
    [InlineData("b,s,64", "64", "[b, s]")]
    [InlineData("64", "64", "[]")]
    [InlineData("5,1,2,3", "4,3,2", "[5, 4, 2, 2]")]
    public void Matrix_products_have_numpy_s_shapes(string left, string right, string expected) =>
        Assert.Equal(expected, _harness.Infer("MatMul", 13, _harness.Floats(Sizes(left)), _harness.Floats(Sizes(right))).Shape.ToString());

    [Fact]
    public void Matrices_that_do_not_fit_are_refused()
    {
        ModelException error = Assert.Throws<ModelException>(() => _harness.Infer("MatMul", 13, _harness.Floats("b", 63), _harness.Floats(64, 8)));
        Assert.Contains("63 columns meet 64 rows", error.Message);
    }

    [Fact]
    public void Half_precision_products_accumulate_in_float32()
    {
        Node node = _harness.InferNode("MatMul", 13, [], 1, "", _harness.Input(ElementType.Float16, 2, 3), _harness.Input(ElementType.Float16, 3, 4));
        Assert.Equal(["Cast", "Cast", "MatMul", "Cast"], _harness.Expand(node).Select(expanded => expanded.Type));
    }

    [Theory]
    [InlineData("Conv", "NOTSET", 1, 1, "[n, 8, 7, 5]")]
    [InlineData("Conv", "VALID", 1, 1, "[n, 8, 5, 3]")]
    [InlineData("Conv", "SAME_UPPER", 2, 1, "[n, 8, 4, 3]")]
    [InlineData("Conv", "NOTSET", 2, 1, "[n, 8, 4, 3]")]
    [InlineData("Conv", "NOTSET", 1, 2, "[n, 8, 5, 3]")]
    [InlineData("ConvTranspose", "NOTSET", 2, 1, "[n, 8, 13, 9]")]
    [InlineData("ConvTranspose", "VALID", 2, 1, "[n, 8, 15, 11]")]
    [InlineData("ConvTranspose", "SAME_UPPER", 2, 1, "[n, 8, 14, 10]")]
    public void Convolutions_pad_in_all_modes(string type, string mode, long stride, long dilation, string expected)
    {
        Value x = _harness.Floats("n", 4, 7, 5);
        Value weights = type == "Conv" ? _harness.Floats(8, 4, 3, 3) : _harness.Floats(4, 8, 3, 3);
        Value y = _harness.Infer(
            type, 11, [("auto_pad", mode), ("pads", mode == "NOTSET" ? new long[] { 1, 1, 1, 1 } : []), ("strides", new[] { stride, stride }), ("dilations", new[] { dilation, dilation })], x, weights);
        Assert.Equal(expected, y.Shape.ToString());
    }

    [Fact]
    public void A_convolution_of_symbolic_size_has_a_symbolic_size()
    {
        Value y = _harness.Infer("Conv", 11, [("strides", new long[] { 2 }), ("pads", new long[] { 1, 1 })], _harness.Floats(1, 4, "s"), _harness.Floats(8, 4, 3));
        foreach (long size in new long[] { 1, 2, 9, 10 })
        {
            Assert.Equal(((size + 2 - 3) / 2) + 1, y.Shape[2].Evaluate(_ => size));
        }
    }

    [Fact]
    public void A_bias_becomes_an_addition_over_channels()
    {
        Node node = _harness.InferNode("Conv", 11, [("group", 2L)], 1, "", _harness.Floats("n", 4, 7, 5), _harness.Floats(8, 2, 3, 3), _harness.Floats(8));
        Assert.Equal(["Conv", "Reshape", "Add"], _harness.Expand(node).Select(expanded => expanded.Type));
        Assert.Equal("[8, 1, 1]", _harness.Graph.Nodes[2].Input(1).Shape.ToString());
        Assert.Equal(2, _harness.Graph.Nodes[0].IntegerAttribute("group", 1));
    }

    [Fact]
    public void Weights_that_do_not_fit_are_refused()
    {
        Assert.Contains("do not fit", Assert.Throws<ModelException>(() => _harness.Infer("Conv", 11, _harness.Floats(1, 4, 7, 7), _harness.Floats(8, 3, 3, 3))).Message);
        Assert.Contains("does not fit 2 elements", Assert.Throws<ModelException>(() => _harness.Infer("Conv", 11, _harness.Floats(1, 4, 2), _harness.Floats(8, 4, 3))).Message);
        Assert.Contains("4 spatial axes", Assert.Throws<ModelException>(() => _harness.Infer("Conv", 11, _harness.Floats(1, 4, 2, 2, 2, 2), _harness.Floats(8, 4, 1, 1, 1, 1))).Message);
    }

    [Theory]
    [InlineData(6, 3, 2, 0, 0, 2)]
    [InlineData(6, 3, 2, 0, 1, 3)]
    [InlineData(5, 3, 2, 0, 1, 2)]
    // A window that would start in the padding at the end is left out.
    [InlineData(2, 1, 2, 1, 1, 2)]
    public void Pools_round_up_only_where_a_window_starts_inside(long size, long kernel, long stride, long pad, long roundsUp, long expected)
    {
        Value y = _harness.Infer(
            "MaxPool", 12, [("kernel_shape", new[] { kernel }), ("strides", new[] { stride }), ("pads", new[] { pad, pad }), ("ceil_mode", roundsUp)], _harness.Floats(1, 3, size));
        Assert.Equal(expected, y.Shape[2].Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Pools_give_indices_in_either_order(long storageOrder)
    {
        Node node = _harness.InferNode("MaxPool", 12, [("kernel_shape", new long[] { 2, 2 }), ("storage_order", storageOrder)], 2, "", _harness.Floats("n", 3, 8, 8));
        Assert.Equal("int64[n, 3, 7, 7]", node.Outputs[1]!.Type!.ToString());
    }

    private static object[] Sizes(string text) => [.. text.Split(',').Select(size => long.TryParse(size, out long known) ? known : (object)size)];
}
