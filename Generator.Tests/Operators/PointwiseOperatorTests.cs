using Cameo.Generator.Graphs;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>Pointwise operators: their values by build-time evaluation against float64 formulas, their types, versions and refusals.</summary>
public sealed class PointwiseOperatorTests
{
    private static readonly float[] Points = [-30, -6.5f, -1, -0.3f, -1e-4f, 0, 1e-4f, 0.3f, 0.9f, 1, 6.5f, 30];

    private static readonly Dictionary<string, (int Version, Func<double, double> Reference)> Functions = new()
    {
        ["Abs"] = (13, Math.Abs),
        ["Neg"] = (13, x => -x),
        ["Sign"] = (13, x => Math.Sign(x)),
        ["Floor"] = (13, Math.Floor),
        ["Ceil"] = (13, Math.Ceiling),
        ["Round"] = (11, x => Math.Round(x, MidpointRounding.ToEven)),
        ["Exp"] = (13, Math.Exp),
        ["Sin"] = (7, Math.Sin),
        ["Cos"] = (7, Math.Cos),
        ["Tan"] = (7, Math.Tan),
        ["Atan"] = (7, Math.Atan),
        ["Sinh"] = (9, Math.Sinh),
        ["Cosh"] = (9, Math.Cosh),
        ["Tanh"] = (13, Math.Tanh),
        ["Relu"] = (14, x => Math.Max(x, 0)),
        ["LeakyRelu"] = (16, x => x < 0 ? 0.01f * x : x),
        ["ThresholdedRelu"] = (10, x => x > 1 ? x : 0),
        ["Elu"] = (6, x => x < 0 ? Math.Exp(x) - 1 : x),
        ["Selu"] = (6, x => 1.05070102214813232421875 * (x < 0 ? 1.67326319217681884765625 * (Math.Exp(x) - 1) : x)),
        ["Celu"] = (12, x => Math.Max(x, 0) + Math.Min(0, Math.Exp(x) - 1)),
        ["Sigmoid"] = (13, x => 1 / (1 + Math.Exp(-x))),
        ["HardSigmoid"] = (6, x => Math.Clamp((0.2f * x) + 0.5, 0, 1)),
        ["HardSwish"] = (14, x => x * Math.Clamp((x / 6) + 0.5, 0, 1)),
        ["Swish"] = (24, x => x / (1 + Math.Exp(-x))),
        ["Softplus"] = (1, x => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x)))),
        ["Softsign"] = (1, x => x / (1 + Math.Abs(x))),
        ["Mish"] = (18, x => x * Math.Tanh(Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x))))),
        ["Shrink"] = (9, x => x < -0.5 ? x : x > 0.5 ? x : 0),
    };

    public static TheoryData<string> Names => [.. Functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_function_of_one_input_gives_the_values_of_its_definition(string type)
    {
        var harness = new OperatorHarness();
        (int version, Func<double, double> reference) = Functions[type];

        float[] actual = OperatorHarness.ReadFloats(harness.Infer(type, version, harness.Constant(Points)));

        for (int index = 0; index < Points.Length; index++)
        {
            double expected = reference(Points[index]);
            // A few roundings of float32 in the formula, at the size of its largest term; where e^x - 1 is taken that is 1.
            double term = type is "Elu" or "Selu" or "Celu" ? 1 : Math.Min(1, Math.Abs((double)Points[index]));
            double tolerance = 4e-7 * Math.Max(Math.Abs(expected), term);
            Assert.True(Math.Abs(actual[index] - expected) <= tolerance, $"{type}({Points[index]}) is {actual[index]}, not {expected}");
        }
    }

    [Theory]
    [InlineData("Gelu", 20, "", 1, 0.8413447460685429)]
    [InlineData("Gelu", 1, "com.microsoft", -1, -0.15865525393145707)]
    [InlineData("FastGelu", 1, "com.microsoft", 1, 0.8411919906082768)]
    [InlineData("QuickGelu", 1, "com.microsoft", 1, 0.8457957659328212)]
    public void A_gelu_stays_symbolic_or_has_its_value(string type, int version, string domain, float x, double expected)
    {
        var harness = new OperatorHarness();
        Value value = harness.InferNode(type, version, [], 1, domain, harness.Constant([x])).Output;

        // The error function has no build-time evaluation: such a value is computed when the model is loaded.
        if (value.Constant is null)
        {
            Assert.Equal(harness.Shape(1), value.Shape);
            Assert.Contains("Gelu", type);
            Assert.DoesNotContain("Fast", type);
            return;
        }

        Assert.Equal(expected, OperatorHarness.ReadFloats(value)[0], 6);
    }

    [Fact]
    public void Selu_has_short_constants_before_version_6()
    {
        var harness = new OperatorHarness();
        float[] values = OperatorHarness.ReadFloats(harness.Infer("Selu", 1, harness.Constant([2, -1])));
        Assert.Equal(2 * 1.0507f, values[0], 6);
        Assert.Equal(1.0507 * 1.6732 * (Math.Exp(-1) - 1), values[1], 6);
    }

    [Fact]
    public void Clip_takes_its_bounds_from_attributes_before_version_11_and_from_inputs_after()
    {
        var harness = new OperatorHarness();
        float[] x = [-3, 0.5f, 9, float.NaN];
        float[] old = OperatorHarness.ReadFloats(harness.Infer("Clip", 6, [("min", -1f), ("max", 6f)], harness.Constant(x)));
        float[] recent = OperatorHarness.ReadFloats(harness.Infer("Clip", 13, harness.Constant(x), null, harness.Scalar(6)));
        float[] crossed = OperatorHarness.ReadFloats(harness.Infer("Clip", 13, harness.Constant(x), harness.Scalar(7), harness.Scalar(2)));
        Assert.Equal([-1, 0.5f, 6, float.NaN], old);
        Assert.Equal([-3, 0.5f, 6, float.NaN], recent);
        Assert.Equal([2, 2, 2, float.NaN], crossed);
    }

    [Fact]
    public void Mod_takes_the_sign_of_the_divisor_or_with_fmod_of_the_dividend()
    {
        var harness = new OperatorHarness();
        Value x = harness.Integers(-4, 7, 5, 4, -7, 8);
        Value y = harness.Integers(2, -3, 8, -2, 3, 5);
        Assert.Equal([0, -2, 5, 0, 2, 3], OperatorHarness.ReadIntegers(harness.Infer("Mod", 13, x, y)));
        Assert.Equal([0, 1, 5, 0, -1, 3], OperatorHarness.ReadIntegers(harness.Infer("Mod", 13, [("fmod", 1L)], x, y)));
        ModelException error = Assert.Throws<ModelException>(() => harness.Infer("Mod", 13, harness.Floats(2), harness.Floats(2)));
        Assert.Contains("'fmod' must be 1", error.Message);
    }

    [Fact]
    public void Variadic_operators_combine_all_inputs()
    {
        var harness = new OperatorHarness();
        Value[] inputs = [harness.Constant([1, 5, 3]), harness.Constant([4, 2, 9]), harness.Scalar(3)];
        Assert.Equal([4, 5, 9], OperatorHarness.ReadFloats(harness.Infer("Max", 13, inputs)));
        Assert.Equal([1, 2, 3], OperatorHarness.ReadFloats(harness.Infer("Min", 13, inputs)));
        Assert.Equal([8, 10, 15], OperatorHarness.ReadFloats(harness.Infer("Sum", 13, inputs)));
        Assert.Equal([8 / 3f, 10 / 3f, 5], OperatorHarness.ReadFloats(harness.Infer("Mean", 13, inputs)));
    }

    [Theory]
    [InlineData(2, 9)]
    [InlineData(3, -27)]
    [InlineData(4, 81)]
    [InlineData(0, 1)]
    [InlineData(-1, -1f / 3)]
    [InlineData(5, -243)]
    public void Pow_with_a_constant_exponent_is_exact(float exponent, float expected)
    {
        var harness = new OperatorHarness();
        Assert.Equal(expected, OperatorHarness.ReadFloats(harness.Infer("Pow", 13, harness.Constant([-3]), harness.Scalar(exponent)))[0]);
    }

    [Fact]
    public void Pow_keeps_the_type_of_the_base()
    {
        var harness = new OperatorHarness();
        Assert.Equal([2, 1], OperatorHarness.ReadIntegers(harness.Infer("Pow", 12, harness.Integers(4, 1), harness.Scalar(0.5))));
        Assert.Equal([8], OperatorHarness.ReadFloats(harness.Infer("Pow", 12, harness.Constant([2]), harness.Integers(3))));
    }

    [Fact]
    public void Comparisons_and_logic_give_booleans()
    {
        var harness = new OperatorHarness();
        Value less = harness.Infer("Less", 13, harness.Constant([1, 2, float.NaN]), harness.Scalar(2));
        Assert.Equal(ElementType.Boolean, less.ElementType);
        Assert.Equal([1, 0, 0], OperatorHarness.ReadIntegers(less));
        Assert.Equal([0, 1, 1], OperatorHarness.ReadIntegers(harness.Infer("Not", 1, less)));
        Assert.Equal([0, 1, 0], OperatorHarness.ReadIntegers(harness.Infer("GreaterOrEqual", 16, harness.Constant([1, 2, float.NaN]), harness.Scalar(2))));
        Assert.Equal([7, 9, 5], OperatorHarness.ReadFloats(harness.Infer("Where", 16, less, harness.Constant([7, 8, 9]), harness.Constant([4, 9, 5]))));
    }

    [Fact]
    public void Bits_shift_and_combine()
    {
        var harness = new OperatorHarness();
        Value x = harness.Constant(ElementType.UInt8, [16, 200, 1]);
        Value amount = harness.Constant(ElementType.UInt8, [1, 2, 3]);
        Assert.Equal([8, 50, 0], OperatorHarness.ReadIntegers(harness.Infer("BitShift", 11, [("direction", "RIGHT")], x, amount)));
        Assert.Equal([32, 32, 8], OperatorHarness.ReadIntegers(harness.Infer("BitShift", 11, [("direction", "LEFT")], x, amount)));
        Assert.Equal([17, 202, 3], OperatorHarness.ReadIntegers(harness.Infer("BitwiseOr", 18, x, amount)));
    }

    [Fact]
    public void Infinities_are_found_by_sign()
    {
        var harness = new OperatorHarness();
        Value x = harness.Constant([float.NegativeInfinity, 1, float.PositiveInfinity, float.NaN]);
        Assert.Equal([1, 0, 1, 0], OperatorHarness.ReadIntegers(harness.Infer("IsInf", 20, x)));
        Assert.Equal([0, 0, 1, 0], OperatorHarness.ReadIntegers(harness.Infer("IsInf", 20, [("detect_negative", 0L)], x)));
        Assert.Equal([0, 0, 0, 1], OperatorHarness.ReadIntegers(harness.Infer("IsNaN", 20, x)));
    }

    [Fact]
    public void Cast_truncates_and_names_its_target_by_string_in_version_1()
    {
        var harness = new OperatorHarness();
        Value x = harness.Constant([-1.9f, 0, 2.9f]);
        Assert.Equal([-1, 0, 2], OperatorHarness.ReadIntegers(harness.Infer("Cast", 13, [("to", 7L)], x)));
        Assert.Equal([1, 0, 1], OperatorHarness.ReadIntegers(harness.Infer("Cast", 13, [("to", 9L)], x)));
        Assert.Equal(ElementType.Int32, harness.Infer("Cast", 1, [("to", "INT32")], x).ElementType);
        Assert.Equal([1.5f, -0.333251953125f], OperatorHarness.ReadFloats(harness.Infer("Cast", 13, [("to", 10L)], harness.Constant([1.5f, -1 / 3f]))));
    }

    [Fact]
    public void Cast_to_strings_gives_strings_since_version_9()
    {
        var harness = new OperatorHarness();
        Assert.Equal("string[2]", harness.Infer("Cast", 13, [("to", 8L)], harness.Floats(2)).Type!.ToString());
    }

    [Fact]
    public void Cast_of_a_weight_is_done_by_packing()
    {
        var harness = new OperatorHarness();
        Value value = harness.Infer("Cast", 13, [("to", 1L)], harness.Weight("w", ElementType.Float16, 100, 200));
        Assert.Equal("float[100,200] cast(float16[100,200] \"w\")", ((WeightConstant)value.Constant!).Expression.ToString());
    }

    [Fact]
    public void CastLike_takes_the_type_of_its_second_input_and_becomes_a_cast()
    {
        var harness = new OperatorHarness();
        Node node = harness.InferNode("CastLike", 19, [], 1, "", harness.Floats("n"), harness.Input(ElementType.Int64, 3));
        Assert.Equal(ElementType.Int64, node.Output.ElementType);
        Assert.Equal("[n]", node.Output.Shape.ToString());
        Node cast = Assert.Single(harness.Expand(node));
        Assert.Equal("Cast", cast.Type);
        Assert.Equal(7, cast.IntegerAttribute("to", 0));
    }

    [Fact]
    public void Shapes_broadcast_symbolically()
    {
        var harness = new OperatorHarness();
        Assert.Equal("[b, 4, s]", harness.Infer("Add", 14, harness.Floats("b", 4, 1), harness.Floats(1, "s")).Shape.ToString());
        ModelException error = Assert.Throws<ModelException>(() => harness.Infer("Mul", 14, harness.Floats(2, 3), harness.Floats(4)));
        Assert.Contains("[2, 3]", error.Message);
        Assert.Contains("[4]", error.Message);
    }

    [Fact]
    public void Wrong_element_types_are_refused_by_name()
    {
        var harness = new OperatorHarness();
        Assert.Contains("floating-point numbers", Assert.Throws<ModelException>(() => harness.Infer("Exp", 13, harness.Input(ElementType.Int32, 2))).Message);
        Assert.Contains("same element type", Assert.Throws<ModelException>(() => harness.Infer("Max", 13, harness.Floats(2), harness.Input(ElementType.Int32, 2))).Message);
        Assert.Contains("input 1 is missing", Assert.Throws<ModelException>(() => harness.Infer("And", 7, harness.Input(ElementType.Boolean, 2))).Message);
    }

    [Fact]
    public void An_opset_before_the_operator_existed_is_refused()
    {
        var harness = new OperatorHarness();
        Assert.Contains("opset 13 is not supported", Assert.Throws<ModelException>(() => harness.Infer("HardSwish", 13, harness.Floats(2))).Message);
    }

    private static double LogOnePlus(double e) => e < 1e-5 ? e - (e * e / 2) : Math.Log(1 + e);
}
