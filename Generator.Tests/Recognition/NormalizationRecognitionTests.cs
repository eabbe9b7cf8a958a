using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

public sealed class NormalizationRecognitionTests
{
    private const int Width = 20;
    private const double Epsilon = 1e-5;

    private static readonly long[] Shape = [2, 3, Width];
    private static readonly object[] Open = ["b", "s", Width];

    [Theory]
    [InlineData(18)]
    [InlineData(17)]
    public void Rms_normalization(int opset) =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Opset = opset }.Input("x", Shape, Open).Run(
            static spelling => Normalize(spelling, "x", "x", spelling.Weight("w", Width)),
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void Rms_normalization_in_float64() =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Type = DataType.Double, Variants = 8, Tolerance = 1e-7 }.Input("x", Shape, Open).Run(
            static spelling => Normalize(spelling, "x", "x", spelling.Weight("w", Width)),
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void Rms_normalization_of_float16_computed_in_float32_and_rounded_before_the_weight() =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Type = DataType.Float16, Variants = 12, Tolerance = 1.0 / 500 }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                string wide = spelling.Cast("x", DataType.Float);
                string mean = spelling.Add(spelling.Mean(spelling.Op("Mul", [wide, wide]), -1), spelling.Number(Epsilon, DataType.Float));
                string normalized = spelling.Op("Div", [spelling.Flip() ? wide : spelling.Cast("x", DataType.Float), spelling.Op("Sqrt", [mean])]);
                return spelling.Multiply(spelling.Weight("w", Width), spelling.Cast(normalized, DataType.Float16));
            },
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void Rms_normalization_of_float16_scaled_in_float32() =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Type = DataType.Float16, Variants = 6, Tolerance = 1.0 / 1000 }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                string wide = spelling.Cast("x", DataType.Float);
                string mean = spelling.Add(spelling.Mean(spelling.Op("Mul", [wide, wide]), -1), spelling.Number(Epsilon, DataType.Float));
                string normalized = spelling.Op("Div", [wide, spelling.Op("Sqrt", [mean])]);
                spelling.Builder.Weight("w", Width);
                return spelling.Cast(spelling.Multiply("w", normalized), DataType.Float16);
            },
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void Rms_normalization_with_a_detour_through_float64() =>
        new SpellingCheck
        {
            Pattern = "rmsnorm",
            OneKernel = true,
            Variants = 8,
            Also = static result => Assert.DoesNotContain(result.Sources, static source => source.Text.Contains("double*", StringComparison.Ordinal)),
        }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                string wide = spelling.Cast("x", DataType.Double);
                string mean = spelling.Add(spelling.Mean(spelling.Op("Mul", [wide, wide]), -1), spelling.Number(Epsilon, DataType.Double));
                string normalized = spelling.Op("Div", [wide, spelling.Op("Sqrt", [mean])]);
                return spelling.Multiply(spelling.Weight("w", Width), spelling.Cast(normalized, DataType.Float));
            },
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void Rms_normalization_with_weights_that_are_offsets_from_one() =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Variants = 8 }.Input("x", Shape, Open).Run(
            static spelling => Normalize(spelling, "x", "x", spelling.Add(spelling.Weight("w", Width), spelling.Number(1))),
            static inputs => RootMeanSquare(inputs["x"], [.. Weights("w").Select(static weight => 1 + weight)]));

    [Fact]
    public void Rms_normalization_without_weights() =>
        new SpellingCheck { Pattern = "rmsnorm", OneKernel = true, Variants = 8 }.Input("x", Shape, Open).Run(
            static spelling => Normalize(spelling, "x", "x", null),
            static inputs => RootMeanSquare(inputs["x"], [.. Enumerable.Repeat(1.0, Width)]));

    [Fact]
    public void Rms_normalization_of_a_sum_is_one_kernel_with_it() =>
        new SpellingCheck { Pattern = "skipnorm", OneKernel = true, Variants = 8 }.Input("x", Shape, Open).Input("skip", Shape, Open).Run(
            static spelling =>
            {
                string sum = spelling.Add("x", "skip");
                sum = spelling.Flip() ? sum : spelling.Add(sum, spelling.Number(0));
                return Normalize(spelling, sum, sum, spelling.Weight("w", Width));
            },
            static inputs => RootMeanSquare([.. inputs["x"].Zip(inputs["skip"], static (x, skip) => x + skip)], Weights("w")));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Layer_normalization(bool hasBias) =>
        new SpellingCheck { Pattern = "layernorm", OneKernel = true }.Input("x", Shape, Open).Run(
            spelling =>
            {
                Func<string> deviation = spelling.Shared(() => spelling.Subtract("x", spelling.Mean("x", -1)));
                string scaled = Normalize(spelling, deviation(), deviation(), spelling.Weight("w", Width));
                return hasBias ? spelling.Add(scaled, spelling.Weight("bias", Width)) : scaled;
            },
            inputs => Layer(inputs["x"], Weights("w"), hasBias ? Weights("bias") : new double[Width]));

    [Fact]
    public void Layer_normalization_by_the_difference_of_means() =>
        new SpellingCheck { Pattern = "layernorm", OneKernel = true, Variants = 8 }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                Func<string> mean = spelling.Shared(() => spelling.Mean("x", -1));
                string variance = spelling.Subtract(spelling.Mean(spelling.Square("x"), -1), spelling.Square(mean()));
                string root = spelling.Op("Sqrt", [spelling.Add(variance, spelling.Number(Epsilon))]);
                return spelling.Multiply(spelling.Divide(spelling.Subtract("x", mean()), root), spelling.Weight("w", Width));
            },
            static inputs => Layer(inputs["x"], Weights("w"), new double[Width]));

    [Fact]
    public void A_value_divided_by_its_deviation_but_not_centred_is_no_normalization() =>
        new SpellingCheck { Miss = ("layernorm", "something else"), Variants = 4 }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                string mean = spelling.Mean("x", -1);
                string variance = spelling.Subtract(spelling.Mean(spelling.Square("x"), -1), spelling.Square(mean));
                return spelling.Divide("x", spelling.Op("Sqrt", [spelling.Add(variance, spelling.Number(Epsilon))]));
            },
            static inputs => [.. inputs["x"].Select((value, index) =>
            {
                double[] row = [.. inputs["x"].Skip(index / Width * Width).Take(Width)];
                double mean = row.Average();
                return value / Math.Sqrt(row.Average(other => (other - mean) * (other - mean)) + Epsilon);
            })]);

    [Fact]
    public void Layer_normalization_with_a_detour_through_float64_before_the_weights() =>
        new SpellingCheck { Pattern = "layernorm", OneKernel = true, Variants = 6 }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                string wide = spelling.Cast("x", DataType.Double);
                string deviation = spelling.Subtract(wide, spelling.Mean(wide, -1));
                string mean = spelling.Add(spelling.Mean(spelling.Op("Mul", [deviation, deviation]), -1), spelling.Number(Epsilon, DataType.Double));
                string normalized = spelling.Cast(spelling.Op("Div", [deviation, spelling.Op("Sqrt", [mean])]), DataType.Float);
                return spelling.Add(spelling.Multiply(normalized, spelling.Weight("w", Width)), spelling.Weight("bias", Width));
            },
            static inputs => Layer(inputs["x"], Weights("w"), Weights("bias")));

    [Theory]
    [InlineData("com.microsoft.SkipLayerNormalization")]
    [InlineData("com.microsoft.SkipSimplifiedLayerNormalization")]
    public void Skip_operators_become_a_sum_and_the_canonical_normalization(string type) =>
        new SpellingCheck { Pattern = "skipnorm", OneKernel = true, Variants = 1 }.Input("x", Shape, Open).Input("skip", Shape, Open).Run(
            spelling => spelling.Op(
                type,
                type.Contains("Simplified", StringComparison.Ordinal)
                    ? ["x", "skip", spelling.Weight("w", Width), spelling.Weight("added", Width)]
                    : ["x", "skip", spelling.Weight("w", Width), spelling.Weight("bias", Width), spelling.Weight("added", Width)],
                ("epsilon", 1e-5f)),
            inputs =>
            {
                double[] added = Weights("added");
                double[] sum = [.. inputs["x"].Select((x, index) => x + inputs["skip"][index] + added[index % Width])];
                return type.Contains("Simplified", StringComparison.Ordinal) ? RootMeanSquare(sum, Weights("w")) : Layer(sum, Weights("w"), Weights("bias"));
            });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Group_normalization(bool isFlat) =>
        new SpellingCheck { Pattern = "groupnorm", OneKernel = true, Variants = 8, Tolerance = 5e-6 }.Input("x", [2, 6, 4, 5], "b", 6, 4, 5).Run(
            spelling =>
            {
                string normalized = Groups(spelling, 1, 0);
                string weights = isFlat ? spelling.Op("Unsqueeze", [spelling.Weight("w", 6), spelling.Integers(1, 2)]) : spelling.Weight("w", 1, 6, 1, 1);
                string bias = isFlat ? spelling.Op("Reshape", [spelling.Weight("bias", 6), spelling.Integers(-1, 1, 1)]) : spelling.Weight("bias", 6, 1, 1);
                return spelling.Add(spelling.Multiply(normalized, weights), bias);
            },
            inputs => Group(inputs["x"], OnnxModelBuilder.WeightValues("w", isFlat ? [6] : [1, 6, 1, 1]), OnnxModelBuilder.WeightValues("bias", 6)));

    [Fact]
    public void Group_normalization_in_primitive_operators() =>
        new SpellingCheck { Pattern = "groupnorm", OneKernel = true, Variants = 6, Tolerance = 5e-6 }.Input("x", [2, 6, 4, 5], "b", 6, 4, 5).Run(
            static spelling =>
            {
                string groups = spelling.Op("Reshape", ["x", spelling.Integers(0, 3, -1)]);
                Func<string> deviation = spelling.Shared(() => spelling.Subtract(groups, spelling.Mean(groups, -1)));
                string normalized = Normalize(spelling, deviation(), deviation(), null);
                string joined = spelling.Op("Reshape", [normalized, spelling.Op("Shape", ["x"])]);
                return spelling.Add(spelling.Multiply(joined, spelling.Weight("w", 6, 1, 1)), spelling.Weight("bias", 6, 1, 1));
            },
            static inputs => Group(inputs["x"], OnnxModelBuilder.WeightValues("w", 6), OnnxModelBuilder.WeightValues("bias", 6)));

    [Fact]
    public void The_canonical_node_names_all_nodes_it_stands_for() =>
        new SpellingCheck
        {
            Pattern = "rmsnorm",
            Variants = 1,
            Also = static result =>
            {
                string[] operators = [.. result.Kernels.Single().Nodes.Select(static node => node.Split(' ')[0])];
                Assert.Equal(["Mul", "ReduceMean", "Add", "Sqrt", "Div", "Mul"], operators);
            },
        }.Input("x", Shape, Open).Run(
            static spelling =>
            {
                spelling.Builder.Integers("last", -1).Constant("epsilon", [(float)Epsilon]).Weight("w", Width)
                    .Node("Mul", ["x", "x"], ["squares"]).Node("ReduceMean", ["squares", "last"], ["mean"]).Node("Add", ["mean", "epsilon"], ["sum"])
                    .Node("Sqrt", ["sum"], ["root"]).Node("Div", ["x", "root"], ["n"]).Node("Mul", ["n", "w"], ["scaled"]);
                return "scaled";
            },
            static inputs => RootMeanSquare(inputs["x"], Weights("w")));

    [Fact]
    public void A_mean_over_another_axis_is_no_rms_normalization() =>
        new SpellingCheck { Miss = ("rmsnorm", "not the last ones"), Variants = 4 }.Input("x", [2, Width, 3]).Run(
            static spelling => Normalize(spelling, "x", "x", spelling.Weight("w", 3), axis: 1),
            static inputs => AlongSecond(inputs["x"], OnnxModelBuilder.WeightValues("w", 3)));

    [Fact]
    public void An_epsilon_for_each_row_is_no_rms_normalization() =>
        new SpellingCheck { Miss = ("rmsnorm", "not one number"), Variants = 4 }.Input("x", [1, 3, Width]).Input("e", [1, 3, 1]).Run(
            static spelling =>
            {
                string mean = spelling.Add(spelling.Mean(spelling.Square("x"), -1), spelling.Op("Abs", ["e"]));
                return spelling.Divide("x", spelling.Op("Sqrt", [mean]));
            },
            static inputs => [.. inputs["x"].Select((x, index) => x / Math.Sqrt(
                inputs["x"].Skip(index / Width * Width).Take(Width).Average(static value => value * value) + Math.Abs(inputs["e"][index / Width])))]);

    [Fact]
    public void A_root_that_divides_something_else_is_no_rms_normalization() =>
        new SpellingCheck { Miss = ("rmsnorm", "something else"), Variants = 4 }.Input("x", Shape).Input("z", Shape).Run(
            static spelling => Normalize(spelling, "x", "z", null, asQuotient: true),
            static inputs => [.. RootMeanSquare(inputs["x"], [.. Enumerable.Repeat(1.0, Width)]).Select((value, index) => value / inputs["x"][index] * inputs["z"][index])]);

    [Fact]
    public void Integers_are_not_normalised_by_the_canonical_node() =>
        new SpellingCheck { Miss = ("rmsnorm", "int32"), Variants = 2 }.Input("x", Shape).Run(
            static spelling =>
            {
                string floats = spelling.Cast(spelling.Cast("x", DataType.Int32), DataType.Float);
                return Normalize(spelling, floats, floats, spelling.Weight("w", Width));
            },
            static inputs => RootMeanSquare([.. inputs["x"].Select(Math.Truncate)], Weights("w")));

    [Fact]
    public void An_instance_normalization_with_its_own_bias_is_no_group_normalization() =>
        new SpellingCheck { Miss = ("groupnorm", "adds a bias"), Variants = 2, Tolerance = 5e-6 }.Input("x", [2, 6, 4, 5]).Run(
            static spelling => spelling.Multiply(Groups(spelling, 1, 0.25), spelling.Weight("w", 6, 1, 1)),
            static inputs =>
            {
                float[] weights = OnnxModelBuilder.WeightValues("w", 6);
                return Group(inputs["x"], weights, [.. weights.Select(static weight => 0.25f * weight)]);
            });

    /// <summary>numerator / sqrt(mean(x²) + ε) · weight in one of its spellings.</summary>
    private static string Normalize(Spelling spelling, string x, string numerator, string? weight, long axis = -1, bool asQuotient = false)
    {
        string sum = spelling.Add(spelling.Mean(spelling.Square(x), axis), spelling.Number(Epsilon));
        Func<string> root = () => spelling.Any(() => spelling.Op("Sqrt", [sum]), () => spelling.Op("Pow", [sum, spelling.Number(0.5)]));
        if (asQuotient || spelling.Flip())
        {
            string quotient = spelling.Divide(numerator, root());
            return weight is null ? quotient : spelling.Multiply(quotient, weight);
        }

        string inverse = spelling.Any(
            () => spelling.Op("Reciprocal", [root()]),
            () => spelling.Divide(spelling.Number(1), root()),
            () => spelling.Op("Sqrt", [spelling.Op("Reciprocal", [sum])]),
            () => spelling.Op("Pow", [sum, spelling.Number(-0.5)]));
        return weight is null ? spelling.Multiply(numerator, inverse) : spelling.Any(
            () => spelling.Multiply(spelling.Multiply(numerator, inverse), weight),
            () => spelling.Multiply(spelling.Multiply(numerator, weight), inverse),
            () => spelling.Multiply(spelling.Multiply(inverse, weight), numerator));
    }

    /// <summary>x in three groups of two channels, each normalised by an InstanceNormalization.</summary>
    private static string Groups(Spelling spelling, float weight, double bias)
    {
        spelling.Builder.Constant("ones", [weight, weight, weight], 3).Constant("zeros", [(float)bias, (float)bias, (float)bias], 3);
        string groups = spelling.Op("Reshape", ["x", spelling.Integers(0, 3, -1)]);
        string normalized = spelling.Op("InstanceNormalization", [groups, "ones", "zeros"], ("epsilon", (float)Epsilon));
        return spelling.Op("Reshape", [normalized, spelling.Flip() ? spelling.Integers(-1, 6, 4, 5) : spelling.Op("Shape", ["x"])]);
    }

    private static double[] Weights(string name) => [.. OnnxModelBuilder.WeightValues(name, Width).Select(static weight => (double)weight)];

    private static double[] RootMeanSquare(double[] x, double[] weights) => [.. x.Select((value, index) =>
        value / Math.Sqrt(x.Skip(index / Width * Width).Take(Width).Average(static other => other * other) + Epsilon) * weights[index % Width])];

    private static double[] Layer(double[] x, double[] weights, double[] bias) => [.. x.Select((value, index) =>
    {
        double[] row = [.. x.Skip(index / Width * Width).Take(Width)];
        double mean = row.Average();
        return ((value - mean) / Math.Sqrt(row.Average(other => (other - mean) * (other - mean)) + Epsilon) * weights[index % Width]) + bias[index % Width];
    })];

    private static double[] AlongSecond(double[] x, float[] weights) => [.. x.Select((value, index) =>
    {
        IEnumerable<double> column = Enumerable.Range(0, Width).Select(row => x[(index / (Width * 3) * Width * 3) + (row * 3) + (index % 3)]);
        return value / Math.Sqrt(column.Average(static other => other * other) + Epsilon) * weights[index % 3];
    })];

    /// <summary>[2, 6, 4, 5] in groups of two channels, which lie together.</summary>
    private static double[] Group(double[] x, float[] weights, float[] bias) => [.. x.Select((value, index) =>
    {
        double[] group = [.. x.Skip(index / 40 * 40).Take(40)];
        double mean = group.Average();
        int channel = index / 20 % 6;
        return ((value - mean) / Math.Sqrt(group.Average(other => (other - mean) * (other - mean)) + Epsilon) * weights[channel]) + bias[channel];
    })];
}
