using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>Reductions, softmax and normalisations: axes in all versions, shapes, and what they expand to.</summary>
public sealed class ReductionOperatorTests
{
    private readonly OperatorHarness _harness = new();

    [Fact]
    public void Axes_are_attributes_before_version_18_and_inputs_after()
    {
        Value x = _harness.Floats("b", 3, "s", 5);
        Assert.Equal("[b, 1, s, 1]", _harness.Infer("ReduceMax", 13, [("axes", new long[] { -1, 1 })], x).Shape.ToString());
        Assert.Equal("[b, s]", _harness.Infer("ReduceMax", 18, [("keepdims", 0L)], x, _harness.Integers(1, -1)).Shape.ToString());
        Assert.Equal("[b, 1, s, 5]", _harness.Infer("ReduceSum", 13, x, _harness.Integers(1)).Shape.ToString());
        Assert.Equal("[b, 1, s, 5]", _harness.Infer("ReduceSum", 11, [("axes", new long[] { 1 })], x).Shape.ToString());
        Assert.Equal("[1, 1, 1, 1]", _harness.Infer("ReduceMean", 18, x).Shape.ToString());
        Assert.Equal("[]", _harness.Infer("ReduceL2", 18, [("keepdims", 0L)], x).Shape.ToString());
        Assert.Equal("[b, 3, s, 5]", _harness.Infer("ReduceProd", 18, [("noop_with_empty_axes", 1L)], x, _harness.Integers()).Shape.ToString());
    }

    [Fact]
    public void A_product_of_sizes_is_an_expression()
    {
        Value size = _harness.Infer("ReduceProd", 18, [("keepdims", 0L)], _harness.Infer("Shape", 15, _harness.Floats("b", 3, "s")));
        Assert.Equal("3*b*s", OperatorHarness.ReadElements(size));
        Assert.Equal("b + s + 3", OperatorHarness.ReadElements(_harness.Infer("ReduceSum", 13, _harness.Infer("Shape", 15, _harness.Floats("b", 3, "s")))));
    }

    [Fact]
    public void Axes_computed_from_data_are_refused()
    {
        ModelException error = Assert.Throws<ModelException>(() => _harness.Infer("ReduceSum", 13, _harness.Floats(2, 3), _harness.Input(ElementType.Int64, 1)));
        Assert.True(error.IsUnsupported);
        Assert.Contains("list of axes", error.Message);
        Assert.Contains("axis 4", Assert.Throws<ModelException>(() => _harness.Infer("ReduceSum", 13, _harness.Floats(2, 3), _harness.Integers(4))).Message);
    }

    [Fact]
    public void A_mean_divides_by_a_known_or_symbolic_count()
    {
        Assert.Equal(["ReduceSum", "Div"], Expanded("ReduceMean", 18, [], _harness.Floats("b", 8), _harness.Integers(-1)));
        Assert.Equal([8], OperatorHarness.ReadFloats(_harness.Graph.Nodes[^1].Input(1)));
        Assert.Equal(["ReduceSum", "Shape", "Gather", "ReduceProd", "Cast", "Div"], Expanded("ReduceMean", 18, [], _harness.Floats("b", "s"), _harness.Integers(-1)).Skip(2));
    }

    [Fact]
    public void Softmax_flattens_before_version_13()
    {
        Node old = Softmax(11, [("axis", 1L)]);
        Assert.Equal([1, 2], ReducedAxes(old));
        Assert.Equal([2], ReducedAxes(Softmax(13, [])));
        Assert.Equal([1, 2], ReducedAxes(Softmax(11, [])));
        Assert.Equal([1], ReducedAxes(Softmax(13, [("axis", -2L)])));
    }

    [Fact]
    public void Softmax_takes_the_maximum_out_and_divides_once_a_row()
    {
        Assert.Equal(["ReduceMax", "Sub", "Exp", "ReduceSum", "Reciprocal", "Mul"], Expanded("Softmax", 13, [], _harness.Floats("b", "s")));
        Assert.Equal(["ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Sub"], Expanded("LogSoftmax", 13, [], _harness.Floats("b", "s")).Skip(6));
    }

    [Fact]
    public void Half_precision_rows_are_computed_in_float32()
    {
        Assert.Equal(["Cast", "ReduceMax", "Sub", "Exp", "ReduceSum", "Reciprocal", "Mul", "Cast"], Expanded("Softmax", 13, [], _harness.Input(ElementType.Float16, 2, 3)));
        Assert.Equal("float16[2, 3]", _harness.Graph.Outputs[0].Type!.ToString());
    }

    [Fact]
    public void Layer_normalization_takes_two_passes_and_gives_its_statistics()
    {
        Node node = _harness.InferNode("LayerNormalization", 17, [("axis", -1L)], 3, "", _harness.Floats("b", "s", 64), _harness.Floats(64), _harness.Floats(64));
        Assert.Equal(["[b, s, 64]", "[b, s, 1]", "[b, s, 1]"], node.Outputs.Select(output => output!.Shape.ToString()));
        Assert.Equal(
            ["ReduceSum", "Div", "Sub", "Mul", "ReduceSum", "Div", "Add", "Sqrt", "Reciprocal", "Mul", "Mul", "Add"],
            _harness.Expand(node).Select(expanded => expanded.Type));
        Assert.Equal(["Add", "Div", "Reciprocal"], _harness.Graph.Outputs.Select(output => output.Producer!.Type));
    }

    [Fact]
    public void Rms_normalization_does_not_centre()
    {
        Assert.Equal(
            ["Mul", "ReduceSum", "Div", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"],
            Expanded("RMSNormalization", 23, [], _harness.Floats("b", 64), _harness.Floats(64)));
        Assert.Contains("does not broadcast", Assert.Throws<ModelException>(() => _harness.Infer("RMSNormalization", 23, _harness.Floats("b", 64), _harness.Floats(32))).Message);
    }

    [Fact]
    public void Skip_normalization_gives_the_sum_as_its_fourth_output()
    {
        Node node = _harness.InferNode("SkipSimplifiedLayerNormalization", 1, [], 4, "com.microsoft", _harness.Floats("b", "s", 64), _harness.Floats("b", "s", 64), _harness.Floats(64));
        Assert.Equal("[b, s, 64]", node.Outputs[3]!.Shape.ToString());
        IReadOnlyList<Node> nodes = _harness.Expand(node, 0, 3);
        Assert.Equal(["Add", "Mul", "ReduceSum", "Div", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"], nodes.Select(expanded => expanded.Type));
        Assert.Same(nodes[0].Output, _harness.Graph.Outputs[1]);
    }

    [Fact]
    public void Batch_normalization_becomes_a_factor_and_an_offset()
    {
        Value Parameter(float value) => _harness.Constant([value, 2 * value]);
        Node node = _harness.InferNode("BatchNormalization", 15, [("epsilon", 0f)], 1, "", _harness.Floats("n", 2, 4, 4), Parameter(3), Parameter(1), Parameter(5), Parameter(4));
        IReadOnlyList<Node> nodes = _harness.Expand(node);
        Node multiply = nodes[^2], add = nodes[^1];
        Assert.Equal(["Mul", "Add"], new[] { multiply.Type, add.Type });
        Assert.Equal("[2, 1, 1]", multiply.Input(1).Shape.ToString());
        Assert.Equal([1.5f, 6 / MathF.Sqrt(8)], OperatorHarness.ReadFloats(multiply.Input(1)));
        Assert.Equal([1 - 7.5f, 2 - (10 * (6 / MathF.Sqrt(8)))], OperatorHarness.ReadFloats(add.Input(1)));
    }

    [Theory]
    [InlineData(18, 2, "[2, 1, 1]")]
    [InlineData(21, 6, "[2, 3, 1]")]
    public void Group_normalization_scales_groups_in_version_18_and_channels_after(int version, int factors, string shape)
    {
        Node node = _harness.InferNode("GroupNormalization", version, [("num_groups", 2L)], 1, "", _harness.Floats("n", 6, "h", "w"), _harness.Floats(factors), _harness.Floats(factors));
        IReadOnlyList<Node> nodes = _harness.Expand(node);
        Assert.Equal(["Mul", "Reshape", "Add", "Shape", "Reshape"], nodes.Skip(nodes.Count - 5).Select(expanded => expanded.Type));
        Assert.Equal(shape, nodes[^3].Input(1).Shape.ToString());
        Assert.Equal("[n, 6, h, w]", _harness.Graph.Outputs[0].Shape.ToString());
    }

    [Fact]
    public void Gemm_becomes_transposes_a_product_factors_and_a_sum()
    {
        Assert.Equal(
            ["Transpose", "MatMul", "Mul", "Add"],
            Expanded("Gemm", 13, [("alpha", 0.5f), ("transA", 1L)], _harness.Floats(8, "m"), _harness.Floats(8, 5), _harness.Floats(5)));
        Assert.Equal("[m, 5]", _harness.Graph.Outputs[0].Shape.ToString());
        Assert.Contains("cannot be multiplied", Assert.Throws<ModelException>(() => _harness.Infer("Gemm", 13, _harness.Floats(8, 3), _harness.Floats(8, 5))).Message);
        Assert.Contains("input 2 is missing", Assert.Throws<ModelException>(() => _harness.Infer("Gemm", 9, _harness.Floats(8, 3), _harness.Floats(3, 5))).Message);
    }

    [Fact]
    public void Global_pools_reduce_positions()
    {
        Assert.Equal(["ReduceSum", "Div"], Expanded("GlobalAveragePool", 1, [], _harness.Floats("n", 6, 7, 7)));
        Assert.Equal("[n, 6, 1, 1]", _harness.Graph.Outputs[0].Shape.ToString());
    }

    [Fact]
    public void Reductions_of_narrow_types_are_widened_and_of_no_axes_vanish()
    {
        Assert.Equal(["Cast", "ReduceSum", "Cast"], Expanded("ReduceSum", 13, [], _harness.Input(ElementType.BFloat16, 2, 3)));
        Node nothing = _harness.InferNode("ReduceSum", 13, [("noop_with_empty_axes", 1L)], 1, "", _harness.Floats(2, 3));
        _harness.Expand(nothing);
        Assert.Same(_harness.Graph.Inputs[^1], _harness.Graph.Outputs[^1]);
    }

    private Node Softmax(int version, (string Name, object Value)[] attributes) =>
        _harness.InferNode("Softmax", version, attributes, 1, "", _harness.Floats(2, 3, 4));

    private static IReadOnlyList<int> ReducedAxes(Node softmax) => SoftmaxOperators.Axes(softmax);

    private IEnumerable<string> Expanded(string type, int version, (string Name, object Value)[] attributes, params Value?[] inputs) =>
        [.. _harness.Expand(_harness.InferNode(type, version, attributes, 1, "", inputs)).Select(node => node.Type)];
}
