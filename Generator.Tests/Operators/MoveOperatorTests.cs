using Cameo.Generator.Graphs;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>Moves: symbolic shapes, shape arithmetic that folds away, constants that move at build time, version differences.</summary>
public sealed class MoveOperatorTests
{
    private readonly OperatorHarness _harness = new();

    [Fact]
    public void Shape_arithmetic_of_an_attention_head_split_folds_away()
    {
        Value x = _harness.Floats("batch", "sequence", 64);
        Value shape = _harness.Infer("Shape", 15, x);
        Value batch = _harness.Infer("Unsqueeze", 13, _harness.Infer("Gather", 13, shape, _harness.Integer(0)), _harness.Integers(0));
        Value sequence = _harness.Infer("Slice", 13, shape, _harness.Integers(1), _harness.Integers(2));
        Value heads = _harness.Infer("Unsqueeze", 13, _harness.Infer("Div", 14, _harness.Infer("Gather", 13, shape, _harness.Integer(-1)), _harness.Integer(8)), _harness.Integers(0));
        Value target = _harness.Infer("Concat", 13, [("axis", 0L)], batch, sequence, _harness.Integers(-1), heads);
        Assert.Equal("batch, sequence, -1, 8", OperatorHarness.ReadElements(target));
        Value split = _harness.Infer("Reshape", 14, x, target);
        Assert.Equal("[batch, sequence, 8, 8]", split.Shape.ToString());
        Value merged = _harness.Infer("Reshape", 14, _harness.Infer("Transpose", 13, [("perm", new long[] { 0, 2, 1, 3 })], split), _harness.Integers(0, 8, -1));
        Assert.Equal("[batch, 8, 8*sequence]", merged.Shape.ToString());
    }

    [Fact]
    public void A_reshape_infers_minus_one_beside_sums_of_symbols()
    {
        Dimension total = _harness.Dimension("past") + _harness.Dimension("sequence");
        Value x = _harness.Floats("batch", total, 64);
        Assert.Equal("[batch, past + sequence, 4, 16]", _harness.Infer("Reshape", 14, x, _harness.Sizes("batch", total, 4, -1)).Shape.ToString());
        Assert.Equal("[batch*past + batch*sequence, 64]", _harness.Infer("Reshape", 14, x, _harness.Integers(-1, 64)).Shape.ToString());
        Assert.Equal("[64, batch*past + batch*sequence]", _harness.Infer("Reshape", 14, x, _harness.Sizes(64, -1)).Shape.ToString());
    }

    [Fact]
    public void A_reshape_copies_sizes_for_zeros_unless_zeros_are_allowed()
    {
        Assert.Equal("[2, 3, 4]", _harness.Infer("Reshape", 14, _harness.Floats(2, 12), _harness.Integers(0, 3, -1)).Shape.ToString());
        Assert.Equal("[0, 3]", _harness.Infer("Reshape", 14, [("allowzero", 1L)], _harness.Floats(0, 7), _harness.Integers(0, 3)).Shape.ToString());
        Assert.Equal("[6, 4]", _harness.Infer("Reshape", 1, [("shape", new long[] { 6, -1 })], _harness.Floats(2, 12)).Shape.ToString());
    }

    [Theory]
    [InlineData(new long[] { 5, 5 }, "cannot be reshaped")]
    [InlineData(new long[] { -1, -1 }, "more than one -1")]
    [InlineData(new long[] { 7, -1 }, "cannot be divided")]
    [InlineData(new long[] { 2, 12, 0 }, "does not have")]
    [InlineData(new long[] { -2, 12 }, "size -2")]
    public void An_impossible_reshape_is_refused(long[] shape, string reason)
    {
        ModelException error = Assert.Throws<ModelException>(() => _harness.Infer("Reshape", 14, _harness.Floats(2, 12), _harness.Integers(shape)));
        Assert.Contains(reason, error.Message);
        Assert.False(error.IsUnsupported);
    }

    [Fact]
    public void A_shape_computed_from_data_is_refused()
    {
        ModelException error = Assert.Throws<ModelException>(() => _harness.Infer("Reshape", 14, _harness.Floats(2, 12), _harness.Input(ElementType.Int64, 2)));
        Assert.True(error.IsUnsupported);
        Assert.Contains("computed at run time", error.Message);
    }

    [Fact]
    public void Squeeze_and_unsqueeze_take_axes_by_attribute_before_version_13()
    {
        Value x = _harness.Floats(1, "n", 1, 3);
        Assert.Equal("[n, 1, 3]", _harness.Infer("Squeeze", 11, [("axes", new long[] { 0 })], x).Shape.ToString());
        Assert.Equal("[1, n, 3]", _harness.Infer("Squeeze", 13, x, _harness.Integers(-2)).Shape.ToString());
        Assert.Equal("[1, 1, n, 1, 3, 1]", _harness.Infer("Unsqueeze", 11, [("axes", new long[] { 0, 5 })], x).Shape.ToString());
        Assert.Equal("[1, n, 1, 3, 1]", _harness.Infer("Unsqueeze", 13, x, _harness.Integers(-1)).Shape.ToString());
        Assert.Equal("[5, 2]", _harness.Infer("Squeeze", 13, _harness.Floats(1, 5, 1, 2)).Shape.ToString());
    }

    [Fact]
    public void Squeezing_what_is_not_one_is_refused()
    {
        Assert.Contains("cannot be squeezed", Assert.Throws<ModelException>(() => _harness.Infer("Squeeze", 13, _harness.Floats(2, 3), _harness.Integers(0))).Message);
    }

    [Fact]
    public void Squeezing_without_axes_keeps_open_sizes_which_every_run_checks()
    {
        Assert.Equal("[n, 3]", _harness.Infer("Squeeze", 11, _harness.Floats("n", 3, 1)).Shape.ToString());
        Assert.Single(_harness.Graph.Requirements);
    }

    [Fact]
    public void Squeezing_an_open_size_is_checked_by_every_run()
    {
        Assert.Equal("[3]", _harness.Infer("Squeeze", 13, _harness.Floats("n", 3), _harness.Integers(0)).Shape.ToString());
        SizeRequirement requirement = Assert.Single(_harness.Graph.Requirements);
        Assert.Equal("n", requirement.Size.ToString());
        Assert.Equal(1, requirement.Value);
    }

    [Theory]
    [InlineData(1, "[2, 12]")]
    [InlineData(0, "[1, 24]")]
    [InlineData(3, "[24, 1]")]
    [InlineData(-1, "[6, 4]")]
    public void Flatten_makes_two_axes(long axis, string expected) =>
        Assert.Equal(expected, _harness.Infer("Flatten", 13, [("axis", axis)], _harness.Floats(2, 3, 4)).Shape.ToString());

    [Fact]
    public void Constants_of_any_type_move_by_their_bytes()
    {
        Value x = _harness.Constant(ElementType.UInt16, [1, 2, 3, 4, 5, 6], 2, 3);
        Value transposed = _harness.Infer("Transpose", 13, x);
        Assert.Equal([1, 4, 2, 5, 3, 6], OperatorHarness.ReadIntegers(transposed));
        Assert.Equal([3, 2, 1, 6, 5, 4], OperatorHarness.ReadIntegers(_harness.Infer("Slice", 13, x, _harness.Integers(-1), _harness.Integers(long.MinValue), _harness.Integers(1), _harness.Integers(-1))));
        Value columns = _harness.Constant(ElementType.UInt16, [7, 8], 2, 1);
        Assert.Equal([1, 2, 3, 7, 4, 5, 6, 8], OperatorHarness.ReadIntegers(_harness.Infer("Concat", 13, [("axis", -1L)], x, columns)));
    }

    [Fact]
    public void Split_takes_its_sizes_from_the_version_s_place()
    {
        Node attribute = _harness.InferNode("Split", 11, [("axis", 1L), ("split", new long[] { 1, 3 })], 2, "", _harness.Floats("n", 4));
        Assert.Equal(["[n, 1]", "[n, 3]"], attribute.Outputs.Select(output => output!.Shape.ToString()));
        Node input = _harness.InferNode("Split", 13, [("axis", -1L)], 2, "", _harness.Floats("n", 4), _harness.Integers(3, 1));
        Assert.Equal(["[n, 3]", "[n, 1]"], input.Outputs.Select(output => output!.Shape.ToString()));
        Node uneven = _harness.InferNode("Split", 18, [("num_outputs", 3L)], 3, "", _harness.Integers(1, 2, 3, 4, 5, 6, 7));
        Assert.Equal(["1, 2, 3", "4, 5, 6", "7"], uneven.Outputs.Select(output => OperatorHarness.ReadElements(output!)));
        Assert.Contains("equal parts", Assert.Throws<ModelException>(() => _harness.InferNode("Split", 13, [], 2, "", _harness.Floats(5))).Message);
    }

    [Theory]
    [InlineData(0, 4, 1, "4")]
    [InlineData(0, long.MaxValue, 1, "n")]
    [InlineData(1, long.MaxValue, 1, "n - 1")]
    [InlineData(0, -1, 1, "n - 1")]
    [InlineData(-3, int.MaxValue, 1, "3")]
    [InlineData(2, long.MaxValue, 2, null)]
    [InlineData(-1, long.MinValue, -1, "n")]
    public void A_slice_of_a_symbolic_axis_has_a_symbolic_size(long start, long end, long step, string? expected)
    {
        _harness.Graph.Symbols.Declare("n", new DimensionRange(8, 1000));
        Value slice = _harness.Infer("Slice", 13, _harness.Floats("n"), _harness.Integers(start), _harness.Integers(end), _harness.Integers(0), _harness.Integers(step));
        Dimension size = slice.Shape[0];
        foreach (long n in new long[] { 8, 9, 1000 })
        {
            Assert.Equal(SliceLength(n, start, end, step), size.Evaluate(_ => n));
        }

        if (expected is not null)
        {
            Assert.Equal(expected, size.ToString());
        }
    }

    [Fact]
    public void A_slice_whose_sign_depends_on_a_size_is_right_for_every_size()
    {
        // x[-past:] takes everything where past is 0, as in Python.
        Value slice = _harness.Infer("Slice", 13, _harness.Floats("n"), _harness.Sizes(-_harness.Dimension("past")), _harness.Integers(long.MaxValue));
        foreach ((long n, long past, long expected) in new[] { (10L, 3L, 3L), (10, 0, 10), (4, 9, 4) })
        {
            Assert.Equal(expected, slice.Shape[0].Evaluate(name => name == "n" ? n : past));
        }
    }

    [Fact]
    public void Slices_of_version_1_use_attributes()
    {
        Value slice = _harness.Infer("Slice", 1, [("starts", new long[] { 1 }), ("ends", new long[] { 3 }), ("axes", new long[] { 1 })], _harness.Floats(2, 5));
        Assert.Equal("[2, 2]", slice.Shape.ToString());
    }

    [Fact]
    public void Weights_move_as_weight_expressions()
    {
        Value weight = _harness.Weight("w", ElementType.Float32, 100, 80);
        Value moved = _harness.Infer("Reshape", 14, _harness.Infer("Transpose", 13, weight), _harness.Integers(8, 10, 100));
        Assert.Equal("float[8,10,100] reshape(float[80,100] transpose[1,0](float[100,80] \"w\"))", ((WeightConstant)moved.Constant!).Expression.ToString());
        Value parts = _harness.InferNode("Split", 13, [("axis", 1L)], 2, "", weight).Outputs[1]!;
        Assert.Equal("float[100,40] slice[0,40;1,1](float[100,80] \"w\")", ((WeightConstant)parts.Constant!).Expression.ToString());
        Value joined = _harness.Infer("Concat", 13, [("axis", 0L)], weight, _harness.Constant(new float[80], 1, 80));
        Assert.StartsWith("float[101,80] concat[0](float[100,80] \"w\", float[1,80] 0x", ((WeightConstant)joined.Constant!).Expression.ToString());
        Value row = _harness.Infer("Gather", 13, weight, _harness.Integer(-1));
        Assert.Equal("float[80] reshape(float[1,80] slice[99,0;1,1](float[100,80] \"w\"))", ((WeightConstant)row.Constant!).Expression.ToString());
    }

    [Fact]
    public void Uniform_constants_stay_symbolic()
    {
        Value ones = _harness.Infer("ConstantOfShape", 9, [("value", ConstantElements.FromFloats([1], Shape.Of(1)))], _harness.Integers(1000, 1000));
        Assert.Equal("float[1000,1000] fill 0x0000803F", ((WeightConstant)ones.Constant!).Expression.ToString());
        Value expanded = _harness.Infer("Expand", 13, _harness.Scalar(1), _harness.Integers(1000, 1000));
        Assert.Equal(ones.Constant!.ToString(), expanded.Constant!.ToString());
        Assert.Equal([0, 0], OperatorHarness.ReadFloats(_harness.Infer("ConstantOfShape", 9, _harness.Integers(2))));
    }

    [Fact]
    public void A_fill_of_symbolic_shape_becomes_an_expanded_scalar()
    {
        Node node = _harness.InferNode("ConstantOfShape", 9, [("value", ConstantElements.FromIntegers([5]))], 1, "", _harness.Sizes("n", 3));
        Assert.Equal("int64[n, 3]", node.Output.Type!.ToString());
        Node expand = Assert.Single(_harness.Expand(node));
        Assert.Equal("Expand", expand.Type);
        Assert.Equal([5], OperatorHarness.ReadIntegers(expand.Input(0)));
        Assert.Equal("[n, 3]", expand.Output.Shape.ToString());
    }

    [Fact]
    public void Exporters_way_of_expanding_with_minus_one_folds_away()
    {
        Value wanted = _harness.Sizes("batch", -1, 4);
        Value isMinusOne = _harness.Infer("Equal", 13, wanted, _harness.Infer("Mul", 14, _harness.Infer("ConstantOfShape", 9, [("value", ConstantElements.FromIntegers([1]))], _harness.Integers(3)), _harness.Integer(-1)));
        Value shape = _harness.Infer("Where", 16, isMinusOne, _harness.Integers(1, 1, 1), wanted);
        Assert.Equal("batch, 1, 4", OperatorHarness.ReadElements(shape));
        Assert.Equal("[batch, s, 4]", _harness.Infer("Expand", 13, _harness.Floats("s", 1), shape).Shape.ToString());
    }

    [Fact]
    public void Gather_inserts_the_shape_of_its_indices()
    {
        Assert.Equal("[b, s, 64]", _harness.Infer("Gather", 13, _harness.Floats(1000, 64), _harness.Input(ElementType.Int64, "b", "s")).Shape.ToString());
        Assert.Equal("[2, 64]", _harness.Infer("Gather", 13, [("axis", 1L)], _harness.Floats(2, 10, 64), _harness.Integer(3)).Shape.ToString());
        Assert.Equal([30, 10, 31, 11], OperatorHarness.ReadFloats(_harness.Infer(
            "Gather", 13, [("axis", -1L)], _harness.Constant([10, 20, 30, 11, 21, 31], 2, 3), _harness.Integers(-1, 0))));
        Assert.Contains("outside the 3 elements", Assert.Throws<ModelException>(() => _harness.Infer("Gather", 13, _harness.Floats(3), _harness.Integers(3))).Message);
        Assert.Contains("int32 or int64", Assert.Throws<ModelException>(() => _harness.Infer("Gather", 13, _harness.Floats(3), _harness.Floats(3))).Message);
    }

    [Fact]
    public void Ranges_are_expressions_or_have_symbolic_length()
    {
        Assert.Equal("2, 5, 8", OperatorHarness.ReadElements(_harness.Infer("Range", 11, _harness.Integer(2), _harness.Integer(9), _harness.Integer(3))));
        Assert.Equal([4, 2], OperatorHarness.ReadIntegers(_harness.Infer("Range", 11, _harness.Integer(4), _harness.Integer(0), _harness.Integer(-2))));
        Value past = Scalar(_harness.Dimension("past"));
        Value total = Scalar(_harness.Dimension("past") + _harness.Dimension("sequence"));
        Value range = _harness.Infer("Range", 11, past, total, _harness.Integer(1));
        Assert.Equal("[sequence]", range.Shape.ToString());
        Assert.Equal([0, 0.5f, 1], OperatorHarness.ReadFloats(_harness.Infer("Range", 11, _harness.Scalar(0), _harness.Scalar(1.2), _harness.Scalar(0.5))));
        Assert.Contains("delta is 0", Assert.Throws<ModelException>(() => _harness.Infer("Range", 11, past, total, _harness.Integer(0))).Message);
    }

    [Fact]
    public void Size_and_partial_shapes_are_known()
    {
        Value x = _harness.Floats("b", 3, "s");
        Assert.Equal("3*b*s", OperatorHarness.ReadElements(_harness.Infer("Size", 13, x)));
        Assert.Equal("3, s", OperatorHarness.ReadElements(_harness.Infer("Shape", 15, [("start", -2L)], x)));
        Assert.Equal("b", OperatorHarness.ReadElements(_harness.Infer("Shape", 15, [("start", -9L), ("end", 1L)], x)));
        Assert.Equal("", OperatorHarness.ReadElements(_harness.Infer("Shape", 15, [("start", 2L), ("end", 1L)], x)));
    }

    [Fact]
    public void Dropout_passes_its_input()
    {
        Node node = _harness.InferNode("Dropout", 13, [], 2, "", _harness.Floats("n", 2));
        Assert.Equal("float[n, 2]", node.Output.Type!.ToString());
        Assert.Equal("bool[n, 2]", node.Outputs[1]!.Type!.ToString());
        Assert.Equal("float[n, 2]", _harness.InferNode("Dropout", 7, [], 2, "", _harness.Floats("n", 2)).Outputs[1]!.Type!.ToString());
        Assert.Equal("float[2]", _harness.Infer("Dropout", 13, _harness.Floats(2), _harness.Scalar(0), _harness.Scalar(1, ElementType.Boolean)).Type!.ToString());
    }

    [Fact]
    public void Constants_are_given_in_several_ways()
    {
        Assert.Equal([3], OperatorHarness.ReadIntegers(_harness.Infer("Constant", 12, [("value_int", 3L)])));
        Assert.Equal([1.5f, 2], OperatorHarness.ReadFloats(_harness.Infer("Constant", 12, [("value_floats", new[] { 1.5f, 2 })])));
        Assert.Equal("[]", _harness.Infer("Constant", 12, [("value_float", 2f)]).Shape.ToString());
        Assert.Equal("string[]", _harness.Infer("Constant", 12, [("value_string", "x")]).Type!.ToString());
        Assert.Equal([1, 0, 1], OperatorHarness.ReadIntegers(_harness.Infer("Constant", 12, [("value_strings", new[] { "x", "", "x" })])));
        Assert.Contains("sparse_value", Assert.Throws<ModelException>(() => _harness.Infer("Constant", 12, [("sparse_value", 1L)])).Message);
    }

    private static long SliceLength(long n, long start, long end, long step)
    {
        long count = 0;
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? n : n - 1;
        long first = Math.Clamp(start < 0 ? Math.Max(start, -n - 5) + n : start, 0, high);
        long last = Math.Clamp(end < 0 ? Math.Max(end, -n - 5) + n : end, low, high);
        for (long index = first; step > 0 ? index < last : index > last; index += step)
        {
            count++;
        }

        return count;
    }

    private Value Scalar(Dimension element)
    {
        Value value = _harness.Graph.AddValue("size", new TensorType(ElementType.Int64, Shape.Scalar));
        value.Elements = [element];
        return value;
    }
}
