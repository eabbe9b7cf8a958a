using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

public sealed class ActivationRecognitionTests
{
    private const double InverseRootOfTwo = 0.70710678118654752;
    private const double TanhFactor = 0.79788456080286536;
    private const double Cubic = 0.044715;

    private static readonly long[] Shape = [3, 40];

    [Fact]
    public void Gelu_by_the_error_function() =>
        new SpellingCheck { Pattern = "gelu", OneKernel = true }.Input("x", Shape).Run(ErrorFunctionGelu, static inputs => [.. inputs["x"].Select(Gelu)]);

    [Fact]
    public void Gelu_in_float64_stays_in_float64() =>
        new SpellingCheck { Pattern = "gelu", Type = DataType.Double, Tolerance = 1e-12, Variants = 8 }.Input("x", Shape).Run(ErrorFunctionGelu, static inputs => [.. inputs["x"].Select(Gelu)]);

    [Fact]
    public void Gelu_in_float16_is_computed_in_float32() =>
        new SpellingCheck { Pattern = "gelu", Type = DataType.Float16, Tolerance = 1.0 / 2048, Variants = 8 }.Input("x", Shape)
            .Run(ErrorFunctionGelu, static inputs => [.. inputs["x"].Select(Gelu)]);

    [Fact]
    public void Gelu_whose_detour_through_float64_is_taken_out() =>
        new SpellingCheck
        {
            Pattern = "gelu",
            OneKernel = true,
            Also = static result => Assert.DoesNotContain(result.Sources, static source => source.Text.Contains("double*", StringComparison.Ordinal)),
        }.Input("x", Shape).Run(
            static spelling =>
            {
                string wide = spelling.Cast("x", DataType.Double);
                string error = spelling.Op("Erf", [spelling.Divide(wide, spelling.Number(1.4142135623730951, DataType.Double))]);
                string result = spelling.Product(spelling.Number(0.5, DataType.Double), wide, spelling.Add(spelling.Number(1, DataType.Double), error));
                return spelling.Cast(result, DataType.Float);
            },
            static inputs => [.. inputs["x"].Select(Gelu)]);

    [Fact]
    public void Gelu_by_tanh() =>
        new SpellingCheck { Pattern = "gelu", OneKernel = true }.Input("x", Shape).Run(
            static spelling =>
            {
                Func<string> half = spelling.Shared(() => spelling.Scale("x", 0.5));
                string tanh = spelling.Op("Tanh", [TanhArgument(spelling, TanhFactor)]);
                return spelling.Any(
                    () => spelling.Product(half(), spelling.Add(spelling.Number(1), tanh)),
                    () => spelling.Add(spelling.Multiply(half(), tanh), half()),
                    () => spelling.Multiply("x", spelling.Scale(spelling.Add(tanh, spelling.Number(1)), 0.5)));
            },
            static inputs => [.. inputs["x"].Select(GeluByTanh)]);

    [Fact]
    public void Gelu_by_tanh_written_with_the_logistic_function() =>
        new SpellingCheck { Pattern = "gelu", OneKernel = true, Variants = 8 }.Input("x", Shape).Run(
            static spelling => spelling.Multiply("x", spelling.Op("Sigmoid", [TanhArgument(spelling, 2 * TanhFactor)])),
            static inputs => [.. inputs["x"].Select(GeluByTanh)]);

    [Theory]
    [InlineData(1)]
    [InlineData(1.702)]
    public void Swish_with_and_without_a_factor(double alpha) =>
        new SpellingCheck { Pattern = "swish", OneKernel = true, Variants = 12 }.Input("x", Shape).Run(
            spelling => spelling.Multiply("x", spelling.Op("Sigmoid", [alpha == 1 ? "x" : spelling.Scale("x", alpha)])),
            inputs => [.. inputs["x"].Select(x => x / (1 + Math.Exp(-alpha * x)))]);

    [Fact]
    public void A_gated_unit_multiplies_its_factors_in_any_order() =>
        new SpellingCheck { Pattern = "swish", OneKernel = true }.Input("x", Shape).Input("gate", Shape).Run(
            static spelling => spelling.Product("x", spelling.Op("Sigmoid", ["x"]), "gate"),
            static inputs => [.. inputs["x"].Zip(inputs["gate"], static (x, gate) => gate * x / (1 + Math.Exp(-x)))]);

    [Fact]
    public void HardSwish_by_clip() =>
        new SpellingCheck { Pattern = "hardswish", OneKernel = true }.Input("x", Shape).Run(
            static spelling =>
            {
                string clipped = spelling.Flip()
                    ? spelling.Op("Clip", [spelling.Add("x", spelling.Number(3)), spelling.Number(0), spelling.Number(6)])
                    : spelling.Scale(spelling.Op("Clip", [spelling.Add(spelling.Scale("x", 1.0 / 6), spelling.Number(0.5)), spelling.Number(0), spelling.Number(1)]), 6);
                return spelling.Any(
                    () => spelling.Scale(spelling.Multiply("x", clipped), 1.0 / 6),
                    () => spelling.Multiply("x", spelling.Scale(clipped, 1.0 / 6)),
                    () => spelling.Multiply(clipped, spelling.Scale("x", 1.0 / 6)));
            },
            static inputs => [.. inputs["x"].Select(static x => x * Math.Clamp(x + 3, 0, 6) / 6)]);

    [Fact]
    public void HardSwish_by_hard_sigmoid() =>
        new SpellingCheck { Pattern = "hardswish", OneKernel = true, Variants = 6 }.Input("x", Shape).Run(
            static spelling => spelling.Multiply("x", spelling.Op("HardSigmoid", ["x"], ("alpha", 0.16666667f))),
            static inputs => [.. inputs["x"].Select(static x => x * Math.Clamp(x + 3, 0, 6) / 6)]);

    [Fact]
    public void Hard_sigmoid_by_clip() =>
        new SpellingCheck { Pattern = "hardsigmoid", OneKernel = true, Variants = 8 }.Input("x", Shape).Run(
            static spelling => spelling.Scale(spelling.Op("Clip", [spelling.Add("x", spelling.Number(3)), spelling.Number(0), spelling.Number(6)]), 1.0 / 6),
            static inputs => [.. inputs["x"].Select(static x => Math.Clamp(x + 3, 0, 6) / 6)]);

    [Fact]
    public void Bias_and_gelu_are_one_kernel_with_the_product_before_them() =>
        new SpellingCheck { Pattern = "biasgelu", OneKernel = true, Variants = 8, Tolerance = 1e-5 }.Input("a", [3, 16]).Run(
            static spelling =>
            {
                spelling.Like = "a";
                string sum = spelling.Add(spelling.Op("MatMul", ["a", spelling.Weight("w", 16, 8)]), spelling.Weight("b", 8));
                string error = spelling.Op("Erf", [spelling.Scale(sum, InverseRootOfTwo)]);
                return spelling.Product(sum, spelling.Number(0.5), spelling.Add(error, spelling.Number(1)));
            },
            static inputs => MatrixProduct(inputs["a"], 3, 16, 8));

    [Theory]
    [InlineData("com.microsoft.Gelu", "none")]
    [InlineData("com.microsoft.BiasGelu", "none")]
    [InlineData("com.microsoft.FastGelu", "tanh")]
    [InlineData("com.microsoft.QuickGelu", "swish")]
    public void Other_names_become_the_canonical_operators(string type, string form) =>
        new SpellingCheck { OneKernel = true, Variants = 1 }.Input("x", Shape).Run(
            spelling => spelling.Op(type, type.EndsWith("BiasGelu", StringComparison.Ordinal) ? ["x", spelling.Weight("bias", 40)] : ["x"]),
            inputs =>
            {
                float[] bias = Infrastructure.OnnxModelBuilder.WeightValues("bias", 40);
                double[] x = [.. inputs["x"].Select((value, index) => type.EndsWith("BiasGelu", StringComparison.Ordinal) ? value + bias[index % 40] : value)];
                return [.. x.Select(value => form switch { "none" => Gelu(value), "tanh" => GeluByTanh(value), _ => value / (1 + Math.Exp(-1.702 * value)) })];
            });

    [Fact]
    public void A_wrong_divisor_is_no_gelu() =>
        new SpellingCheck
        {
            Miss = ("gelu", "not x / √2"),
            Variants = 6,
            Also = static result => Assert.Contains(result.Diagnostics, static diagnostic => diagnostic.Id == "CAMEO0201" && diagnostic.Message.Contains("'gelu'", StringComparison.Ordinal)),
        }.Input("x", Shape).Run(
            static spelling => spelling.Product(spelling.Number(0.5), "x", spelling.Add(spelling.Op("Erf", [spelling.Divide("x", spelling.Number(2))]), spelling.Number(1))),
            static inputs => [.. inputs["x"].Select(static x => 0.5 * x * (1 + Erf(x / 2)))]);

    [Fact]
    public void A_wrong_term_is_no_gelu() =>
        new SpellingCheck { Miss = ("gelu", "not that of x · Φ(x)"), Variants = 6 }.Input("x", Shape).Run(
            static spelling => spelling.Product(spelling.Number(0.5), "x", spelling.Add(spelling.Op("Erf", [spelling.Scale("x", InverseRootOfTwo)]), spelling.Number(1.1))),
            static inputs => [.. inputs["x"].Select(static x => 0.5 * x * (1.1 + Erf(x * InverseRootOfTwo)))]);

    [Fact]
    public void A_product_with_another_value_is_no_gelu() =>
        new SpellingCheck { Miss = ("gelu", "not that of x · Φ(x)"), Variants = 6 }.Input("x", Shape).Input("z", Shape).Run(
            static spelling => spelling.Product(spelling.Number(0.5), "z", spelling.Add(spelling.Op("Erf", [spelling.Scale("x", InverseRootOfTwo)]), spelling.Number(1))),
            static inputs => [.. inputs["x"].Zip(inputs["z"], static (x, z) => 0.5 * z * (1 + Erf(x * InverseRootOfTwo)))]);

    [Fact]
    public void Hard_sigmoid_with_its_default_slope_makes_no_hardswish() =>
        new SpellingCheck { Miss = ("hardswish", "slope"), Variants = 4 }.Input("x", Shape).Run(
            static spelling => spelling.Multiply("x", spelling.Op("HardSigmoid", ["x"])),
            static inputs => [.. inputs["x"].Select(static x => x * Math.Clamp((0.2 * x) + 0.5, 0, 1))]);

    [Fact]
    public void Gelu_by_tanh_after_a_bias_is_reported_as_no_biasgelu() =>
        new SpellingCheck
        {
            Miss = ("biasgelu", "tanh"),
            OneKernel = true,
            Variants = 2,
            Opset = 20,
            Also = static result => Assert.DoesNotContain(result.Diagnostics, static diagnostic => diagnostic.Id == "CAMEO0201"),
        }.Input("x", Shape).Run(
            static spelling => spelling.Op("Gelu", [spelling.Add("x", spelling.Weight("bias", 40))], ("approximate", "tanh")),
            static inputs =>
            {
                float[] bias = Infrastructure.OnnxModelBuilder.WeightValues("bias", 40);
                return [.. inputs["x"].Select((x, index) => GeluByTanh(x + bias[index % 40]))];
            });

    private static string ErrorFunctionGelu(Spelling spelling)
    {
        Func<string> half = spelling.Shared(() => spelling.Scale("x", 0.5));
        string error = spelling.Op("Erf", [spelling.Scale("x", InverseRootOfTwo)]);
        return spelling.Any(
            () => spelling.Product(spelling.Number(0.5), "x", spelling.Add(error, spelling.Number(1))),
            () => spelling.Add(half(), spelling.Multiply(half(), error)),
            () => spelling.Multiply("x", spelling.Add(spelling.Scale(error, 0.5), spelling.Number(0.5))),
            () => spelling.Scale(spelling.Add("x", spelling.Multiply("x", error)), 0.5));
    }

    private static string TanhArgument(Spelling spelling, double factor)
    {
        string cube = spelling.Any(() => spelling.Op("Pow", ["x", spelling.Number(3)]), () => spelling.Product("x", "x", "x"));
        return spelling.Any(
            () => spelling.Scale(spelling.Add("x", spelling.Scale(cube, Cubic)), factor),
            () => spelling.Product("x", spelling.Number(factor), spelling.Add(spelling.Number(1), spelling.Product(spelling.Number(Cubic), "x", "x"))),
            () => spelling.Add(spelling.Scale("x", factor), spelling.Scale(cube, Cubic * factor)));
    }

    private static double[] MatrixProduct(double[] a, int rows, int depth, int columns)
    {
        float[] weights = Infrastructure.OnnxModelBuilder.WeightValues("w", depth, columns);
        float[] bias = Infrastructure.OnnxModelBuilder.WeightValues("b", columns);
        return [.. from row in Enumerable.Range(0, rows)
            from column in Enumerable.Range(0, columns)
            select Gelu(Enumerable.Range(0, depth).Sum(k => a[(row * depth) + k] * weights[(k * columns) + column]) + bias[column])];
    }

    private static double Gelu(double x) => 0.5 * x * (1 + Erf(x * InverseRootOfTwo));

    private static double GeluByTanh(double x) => 0.5 * x * (1 + Math.Tanh(TanhFactor * (x + (Cubic * x * x * x))));

    /// <summary>The error function by its series (Abramowitz and Stegun 7.1.6), exact to double precision for the arguments used here.</summary>
    private static double Erf(double x)
    {
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
