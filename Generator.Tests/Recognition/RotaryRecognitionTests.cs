using Cameo.Generator;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

public sealed class RotaryRecognitionTests
{
    private const int Batch = 2, Heads = 3, Sequence = 5, Size = 8;

    private static readonly long[] HeadsFirst = [Batch, Heads, Sequence, Size];
    private static readonly object[] OpenHeadsFirst = ["b", Heads, "s", Size];
    private static readonly long[] SequenceFirst = [Batch, Sequence, Heads, Size];
    private static readonly object[] OpenSequenceFirst = ["b", "s", Heads, Size];

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Tables_computed_from_positions(bool headsFirst, bool isInterleaved) =>
        new SpellingCheck { Pattern = "rotary", Tolerance = 2e-5, Variants = 12, Also = result => HasRotaryKernel(result, 1) }
            .Input("x", headsFirst ? HeadsFirst : SequenceFirst, headsFirst ? OpenHeadsFirst : OpenSequenceFirst).Input("positions", [Batch, Sequence], "b", "s").Run(
                spelling =>
                {
                    string angles = Angles(spelling);
                    if (spelling.Flip())
                    {
                        // One entry a pair, applied to the parts one by one.
                        return ByParts(spelling, "x", Table(spelling, "Cos", angles, headsFirst), Table(spelling, "Sin", angles, headsFirst), isInterleaved);
                    }

                    string doubled = Double(spelling, angles, isInterleaved);
                    return Rotated(spelling, "x", Table(spelling, "Cos", doubled, headsFirst), Table(spelling, "Sin", doubled, headsFirst), Size, isInterleaved, headsFirst);
                },
                inputs => Reference(inputs["x"], headsFirst, isInterleaved, Size, (batch, index) => inputs["positions"][(batch * Sequence) + index]));

    [Fact]
    public void A_doubled_table_is_not_made() =>
        new SpellingCheck
        {
            Pattern = "rotary",
            Tolerance = 2e-5,
            Variants = 6,
            Also = static result => Assert.DoesNotContain(result.Kernels, static kernel => kernel.Kind == "copy"),
        }.Input("x", HeadsFirst, OpenHeadsFirst).Input("positions", [Batch, Sequence], "b", "s").Run(
            static spelling =>
            {
                string doubled = Double(spelling, Angles(spelling), false);
                return Rotated(spelling, "x", Table(spelling, "Cos", doubled, true), Table(spelling, "Sin", doubled, true), Size, false, true);
            },
            static inputs => Reference(inputs["x"], true, false, Size, (batch, index) => inputs["positions"][(batch * Sequence) + index]));

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void A_part_of_each_head(int rotated) =>
        new SpellingCheck { Pattern = "rotary", Tolerance = 2e-5, Variants = 8, Also = static result => HasRotaryKernel(result, 1) }
            .Input("x", HeadsFirst, OpenHeadsFirst).Input("positions", [Batch, Sequence], "b", "s").Run(
                spelling =>
                {
                    string[] parts = spelling.Flip()
                        ? spelling.Split("Split", ["x", spelling.Integers(rotated, Size - rotated)], 2, ("axis", -1))
                        : [spelling.Slice("x", 0, rotated, 3), spelling.Slice("x", rotated, long.MaxValue, -1)];
                    string doubled = Double(spelling, Angles(spelling, rotated), false);
                    string turned = Rotated(spelling, parts[0], Table(spelling, "Cos", doubled, true), Table(spelling, "Sin", doubled, true), rotated, false, true);
                    return spelling.Op("Concat", [turned, parts[1]], ("axis", -1));
                },
                inputs => Reference(inputs["x"], true, false, rotated, (batch, index) => inputs["positions"][(batch * Sequence) + index]));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tables_among_the_weights_picked_by_positions(bool isDoubled) =>
        new SpellingCheck { Pattern = "rotary", Variants = 8, Also = static result => HasRotaryKernel(result, 1) }
            .Input("x", HeadsFirst, OpenHeadsFirst).Run(
                spelling =>
                {
                    // All rows have the positions 3, 4, … of tables with 64 positions of any numbers.
                    long width = isDoubled ? Size : Size / 2;
                    string first = spelling.Op("Squeeze", [spelling.Op("Shape", ["x"], ("start", 2), ("end", 3)), spelling.Integers(0)]);
                    spelling.Builder.Integer("zero", 0).Integer("one", 1).Integer("three", 3);
                    string positions = spelling.Op("Add", [spelling.Op("Range", ["zero", first, "one"]), "three"]);
                    string Pick(string name) => spelling.Op(
                        "Unsqueeze", [spelling.Op("Gather", [spelling.Weight(name, 64, width), spelling.Op("Unsqueeze", [positions, spelling.Integers(0)])]), spelling.Integers(1)]);
                    return isDoubled
                        ? Rotated(spelling, "x", Pick("cosines"), Pick("sines"), Size, false, true)
                        : ByParts(spelling, "x", Pick("cosines"), Pick("sines"), false);
                },
                inputs => ByTables(inputs["x"], isDoubled));

    [Fact]
    public void Tables_with_entries_for_every_head_and_element() =>
        new SpellingCheck { Pattern = "rotary", Variants = 6, OneKernel = true }
            .Input("x", HeadsFirst, OpenHeadsFirst).Input("cosines", HeadsFirst, OpenHeadsFirst).Input("sines", HeadsFirst, OpenHeadsFirst).Run(
                static spelling => Rotated(spelling, "x", "cosines", "sines", Size, false, true),
                static inputs => [.. inputs["x"].Select((x, index) =>
                {
                    int element = index % Size;
                    double other = element < Size / 2 ? -inputs["x"][index + (Size / 2)] : inputs["x"][index - (Size / 2)];
                    return (x * inputs["cosines"][index]) + (other * inputs["sines"][index]);
                })]);

    [Theory]
    [InlineData(true, 4e-3)]
    [InlineData(false, 1e-12)]
    public void Other_types(bool isHalf, double tolerance) =>
        new SpellingCheck { Pattern = "rotary", Type = isHalf ? DataType.Float16 : DataType.Double, Tolerance = tolerance, Variants = 6 }
            .Input("x", HeadsFirst, OpenHeadsFirst).Input("cosines", [1, 1, Sequence, Size / 2], 1, 1, "s", Size / 2).Input("sines", [1, 1, Sequence, Size / 2], 1, 1, "s", Size / 2).Run(
                static spelling => ByParts(spelling, "x", "cosines", "sines", false),
                static inputs => [.. inputs["x"].Select((x, index) =>
                {
                    int entry = (index / Size % Sequence * (Size / 2)) + (index % (Size / 2));
                    double other = index % Size < Size / 2 ? -inputs["x"][index + (Size / 2)] : inputs["x"][index - (Size / 2)];
                    return (x * inputs["cosines"][entry]) + (other * inputs["sines"][entry]);
                })]);

    [Fact]
    public void Halves_that_are_not_negated_are_no_rotation() =>
        new SpellingCheck { Pattern = "rotary", Count = 0, Variants = 4 }.Input("x", HeadsFirst).Input("cosines", [Sequence, Size]).Input("sines", [Sequence, Size]).Run(
            static spelling =>
            {
                string turned = spelling.Op("Concat", [spelling.Slice("x", Size / 2, Size, 3), spelling.Slice("x", 0, Size / 2, 3)], ("axis", -1));
                return spelling.Add(spelling.Multiply("x", "cosines"), spelling.Multiply(turned, "sines"));
            },
            static inputs => [.. inputs["x"].Select((x, index) =>
            {
                double other = inputs["x"][index % Size < Size / 2 ? index + (Size / 2) : index - (Size / 2)];
                return (x * inputs["cosines"][index % (Sequence * Size)]) + (other * inputs["sines"][index % (Sequence * Size)]);
            })]);

    [Fact]
    public void Rotated_halves_of_another_value_are_no_rotation() =>
        new SpellingCheck { Miss = ("rotary", "is not what is rotated"), Variants = 4 }.Input("x", HeadsFirst).Input("z", HeadsFirst)
            .Input("cosines", [Sequence, Size]).Input("sines", [Sequence, Size]).Run(
            static spelling =>
            {
                string turned = spelling.Op("Concat", [spelling.Op("Neg", [spelling.Slice("z", Size / 2, Size, 3)]), spelling.Slice("z", 0, Size / 2, 3)], ("axis", -1));
                return spelling.Add(spelling.Multiply("x", "cosines"), spelling.Multiply(turned, "sines"));
            },
            static inputs => [.. inputs["x"].Select((x, index) =>
            {
                double other = index % Size < Size / 2 ? -inputs["z"][index + (Size / 2)] : inputs["z"][index - (Size / 2)];
                return (x * inputs["cosines"][index % (Sequence * Size)]) + (other * inputs["sines"][index % (Sequence * Size)]);
            })]);

    [Fact]
    public void A_rest_that_begins_elsewhere_is_not_taken_in() =>
        new SpellingCheck
        {
            Miss = null,
            Pattern = null,
            Tolerance = 2e-5,
            Variants = 2,
            Also = static result => Assert.Contains(result.Misses, static miss => miss.Pattern == "rotary" && miss.Reason.Contains("not the rest", StringComparison.Ordinal)),
        }.Input("x", HeadsFirst).Input("positions", [Batch, Sequence]).Run(
            static spelling =>
            {
                string doubled = Double(spelling, Angles(spelling, 4), false);
                string turned = Rotated(spelling, spelling.Slice("x", 0, 4, 3), Table(spelling, "Cos", doubled, true), Table(spelling, "Sin", doubled, true), 4, false, true);
                return spelling.Op("Concat", [turned, spelling.Slice("x", 5, Size, 3)], ("axis", -1));
            },
            static inputs => [.. Reference(inputs["x"], true, false, 4, (batch, index) => inputs["positions"][(batch * Sequence) + index]).Where(static (_, index) => index % Size != 4)]);

    private static void HasRotaryKernel(CompileResult result, int count) =>
        Assert.True(result.Kernels.Count(static kernel => kernel.Kind == "rotary embedding") == count, string.Join(", ", result.Kernels.Select(static kernel => kernel.Kind)));

    /// <summary>[batch, sequence, size / 2] angles from positions, by a product of matrices or of vectors.</summary>
    private static string Angles(Spelling spelling, int size = Size)
    {
        float[] frequencies = Frequencies(size);
        if (spelling.Flip())
        {
            spelling.Builder.Constant("frequencies", frequencies, 1, size / 2, 1);
            string row = spelling.Op("Unsqueeze", ["positions", spelling.Integers(1)]);
            return spelling.Op("Transpose", [spelling.Op("MatMul", ["frequencies", row])], ("perm", new long[] { 0, 2, 1 }));
        }

        spelling.Builder.Constant("frequencies", frequencies, size / 2);
        return spelling.Multiply(spelling.Op("Unsqueeze", ["positions", spelling.Integers(2)]), "frequencies");
    }

    private static float[] Frequencies(int size) => [.. Enumerable.Range(0, size / 2).Select(pair => (float)Math.Pow(100, -2.0 * pair / size))];

    private static string Double(Spelling spelling, string angles, bool isInterleaved)
    {
        if (!isInterleaved)
        {
            return spelling.Op("Concat", [angles, angles], ("axis", spelling.Flip() ? 2 : -1));
        }

        string column = spelling.Op("Unsqueeze", [angles, spelling.Integers(-1)]);
        return spelling.Op("Reshape", [spelling.Op("Concat", [column, column], ("axis", -1)), spelling.Integers(0, 0, Size)]);
    }

    private static string Table(Spelling spelling, string function, string angles, bool headsFirst)
    {
        int axis = headsFirst ? 1 : 2;
        string Scaled(string table) => spelling.Flip() ? table : spelling.Multiply(table, spelling.Number(1));
        return spelling.Flip()
            ? spelling.Op("Unsqueeze", [Scaled(spelling.Op(function, [angles])), spelling.Integers(axis)])
            : Scaled(spelling.Op(function, [spelling.Op("Unsqueeze", [angles, spelling.Integers(axis)])]));
    }

    /// <summary>x · cos + turned(x) · sin.</summary>
    private static string Rotated(Spelling spelling, string x, string cosine, string sine, int size, bool isInterleaved, bool headsFirst)
    {
        (string first, string second) = Parts(spelling, x, size, isInterleaved, headsFirst);
        string negated = spelling.Flip() ? spelling.Op("Neg", [second]) : spelling.Multiply(second, spelling.Number(-1));
        string turned = Join(spelling, negated, first, size, isInterleaved);
        return spelling.Add(spelling.Multiply(x, cosine), spelling.Multiply(turned, sine));
    }

    /// <summary>x1 · cos - x2 · sin beside x2 · cos + x1 · sin.</summary>
    private static string ByParts(Spelling spelling, string x, string cosine, string sine, bool isInterleaved)
    {
        (string first, string second) = Parts(spelling, x, Size, isInterleaved, headsFirst: null);
        return Join(
            spelling,
            spelling.Subtract(spelling.Multiply(first, cosine), spelling.Multiply(second, sine)),
            spelling.Add(spelling.Multiply(second, cosine), spelling.Multiply(first, sine)),
            Size,
            isInterleaved);
    }

    private static (string First, string Second) Parts(Spelling spelling, string x, int size, bool isInterleaved, bool? headsFirst)
    {
        if (isInterleaved)
        {
            if (spelling.Flip() && headsFirst != null)
            {
                string pairs = spelling.Op("Reshape", [x, headsFirst == true ? spelling.Integers(0, Heads, -1, size / 2, 2) : spelling.Integers(0, -1, Heads, size / 2, 2)]);
                spelling.Builder.Integer("first", 0).Integer("second", -1);
                return (spelling.Op("Gather", [pairs, "first"], ("axis", -1)), spelling.Op("Gather", [pairs, "second"], ("axis", 4)));
            }

            return (spelling.Slice(x, 0, long.MaxValue, 3, 2), spelling.Slice(x, 1, size, -1, 2));
        }

        if (spelling.Flip())
        {
            return (spelling.Slice(x, 0, size / 2, 3), spelling.Slice(x, -(size / 2), long.MaxValue, -1));
        }

        string[] halves = spelling.Split("Split", [x, spelling.Integers(size / 2, size / 2)], 2, ("axis", 3));
        return (halves[0], halves[1]);
    }

    private static string Join(Spelling spelling, string first, string second, int size, bool isInterleaved)
    {
        if (!isInterleaved)
        {
            return spelling.Op("Concat", [first, second], ("axis", spelling.Flip() ? 3 : -1));
        }

        string[] columns = [.. new[] { first, second }.Select(part => spelling.Op("Unsqueeze", [part, spelling.Integers(-1)]))];
        return spelling.Op("Reshape", [spelling.Op("Concat", columns, ("axis", -1)), spelling.Integers(0, 0, 0, size)]);
    }

    private static double[] Reference(double[] x, bool headsFirst, bool isInterleaved, int size, Func<int, int, double> position)
    {
        float[] frequencies = Frequencies(size);
        double[] result = [.. x];
        for (int row = 0; row < x.Length / Size; row++)
        {
            (int batch, int index) = (row / (Heads * Sequence), headsFirst ? row % Sequence : row / Heads % Sequence);
            for (int pair = 0; pair < size / 2; pair++)
            {
                int first = (row * Size) + (isInterleaved ? 2 * pair : pair);
                int second = first + (isInterleaved ? 1 : size / 2);
                (double sine, double cosine) = Math.SinCos(position(batch, index) * frequencies[pair]);
                result[first] = (x[first] * cosine) - (x[second] * sine);
                result[second] = (x[second] * cosine) + (x[first] * sine);
            }
        }

        return result;
    }

    private static double[] ByTables(double[] x, bool isDoubled)
    {
        int width = isDoubled ? Size : Size / 2;
        float[] cosines = Infrastructure.OnnxModelBuilder.WeightValues("cosines", 64, width);
        float[] sines = Infrastructure.OnnxModelBuilder.WeightValues("sines", 64, width);
        return [.. x.Select((value, index) =>
        {
            int entry = ((3 + (index / Size % Sequence)) * width) + (index % width);
            double other = index % Size < Size / 2 ? -x[index + (Size / 2)] : x[index - (Size / 2)];
            return (value * cosines[entry]) + (other * sines[entry]);
        })];
    }
}
