using Cameo.Generator.Onnx.Proto;

namespace Cameo.Tests.Recognition;

/// <summary>Where the scale stands, how keys are transposed, soft caps, and what lies between the parts.</summary>
internal static class AttentionScaleCases
{
    private const float Root = 0.5946035f; // the square root of AttentionCases.Scale

    public static IEnumerable<AttentionCase> All =>
    [
        Case("ScaleBehindTheProduct", static s => s.Weigh(s.Scores("q", "k", AttentionCases.Scale), "v")),
        Case("ScaleByDivision", static s => s.Weigh(s.Op("Div", [Product(s), s.Number(1 / AttentionCases.Scale)]), "v")),
        Case("ScaleOnQueries", static s => s.Weigh(s.Op("MatMul", [s.Op("Mul", [s.Number(AttentionCases.Scale), "q"]), s.Transpose("k", 0, 1, 3, 2)]), "v")),
        Case("ScaleOnKeysBeforeTheTransposition", static s => s.Weigh(s.Op("MatMul", ["q", s.Transpose(s.Op("Div", ["k", s.Number(1 / AttentionCases.Scale, 1)]), 0, 1, 3, 2)]), "v")),
        Case("RootOfTheScaleOnBoth", static s => s.Weigh(
            s.Op("MatMul", [s.Op("Mul", ["q", s.Number(Root)]), s.Op("Mul", [s.Transpose("k", 0, 1, 3, 2), s.Number(Root, 1, 1)])]), "v")),
        Case("ScaleFromTheShape", static s =>
        {
            string root = s.Op("Sqrt", [s.Cast(s.Size("q", 3), TensorProto.Types.DataType.Float)]);
            string scale = s.Op("Sqrt", [s.Op("Div", [s.Number(1), root])]);
            return s.Weigh(s.Op("MatMul", [s.Op("Mul", ["q", scale]), s.Op("Mul", [s.Transpose("k", 0, 1, 3, 2), scale])]), "v");
        }),
        Case("NoScale", static s => s.Weigh(Product(s), "v"), new AttentionReference { Scale = 1 }, "scale=1 "),
        Case("ScaleInTwoSteps", static s => s.Weigh(s.Op("Mul", [s.Op("Identity", [s.Op("Div", [Product(s), s.Number(4)])]), s.Number(4 * AttentionCases.Scale)]), "v")),
        new(
            "ScaleFromTheRun",
            static s => [s.Weigh(s.Op("Mul", [Product(s), "scale"]), "v")],
            static inputs => [new AttentionReference { Scale = inputs["scale"][0] }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = [.. AttentionCases.Operands(), ("scale", TensorProto.Types.DataType.Float, [1], [1])],
            Has = ["scale=1 "],
        },
        Case("KeysThroughThreeAxes", static s =>
        {
            string flat = s.Op("Reshape", ["k", s.Join(-1, s.Size("k", 2), s.Size("k", 3))]);
            string transposed = s.Op("Reshape", [s.Transpose(flat, 0, 2, 1), s.Join(s.Size("k", 0), s.Size("k", 1), s.Size("k", 3), s.Size("k", 2))]);
            return s.Weigh(s.Op("Mul", [s.Op("MatMul", ["q", transposed]), s.Number(AttentionCases.Scale)]), "v");
        }),
        Case("IdentitiesAndDropout", static s =>
        {
            string weights = s.Op("Dropout", [s.Op("Softmax", [s.Op("Identity", [s.Scores(s.Op("Identity", ["q"]), "k", AttentionCases.Scale)])], ("axis", 3))]);
            return s.Op("MatMul", [s.Op("Identity", [weights]), "v"]);
        }),
        Case("GuardAgainstNaN", static s => s.Op("MatMul", [Guarded(s, s.Op("Softmax", [s.Scores("q", "k", AttentionCases.Scale)], ("axis", -1))), "v"]), null, "fully_masked=\"zero\""),
        new(
            "SoftCapBehindTheMask",
            static s =>
            {
                string masked = s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), "bias"]);
                return [s.Weigh(s.Op("Mul", [s.Op("Tanh", [s.Op("Div", [masked, s.Number(2)])]), s.Number(2)]), "v")];
            },
            static inputs =>
            {
                // The bias goes through the cap: cap(x + b) = (cap(x + b) - cap(x)) + cap(x).
                double[] query = inputs["q"];
                double[] key = inputs["k"];
                return
                [
                    new AttentionReference
                    {
                        SoftCap = 2,
                        Bias = (row, head, position, other) =>
                        {
                            double product = 0;
                            for (int element = 0; element < AttentionCases.Size; element++)
                            {
                                int from = ((row * AttentionCases.Heads) + head) * AttentionCases.Queries;
                                product += query[((from + position) * AttentionCases.Size) + element] * key[((from + other) * AttentionCases.Size) + element];
                            }

                            double score = product * AttentionCases.Scale;
                            return (2 * Math.Tanh((score + inputs["bias"][(position * AttentionCases.Queries) + other]) / 2)) - (2 * Math.Tanh(score / 2));
                        },
                    }.Compute(query, key, inputs["v"]),
                ];
            })
        {
            Inputs = [.. AttentionCases.Operands(), ("bias", TensorProto.Types.DataType.Float, ["s", "s"], [AttentionCases.Queries, AttentionCases.Queries])],
            Has = ["score_modification"],
        },
        Case(
            "SoftCap",
            static s => s.Weigh(s.Op("Mul", [s.Op("Tanh", [s.Op("Div", [s.Scores("q", "k", AttentionCases.Scale), s.Number(2)])]), s.Number(2)]), "v"),
            new AttentionReference { SoftCap = 2 },
            "softcap=2"),
        Case(
            "SoftCapWithTheScaleInside",
            static s => s.Weigh(s.Op("Mul", [s.Number(2), s.Op("Tanh", [s.Scores("q", "k", AttentionCases.Scale / 2)])]), "v"),
            new AttentionReference { SoftCap = 2 },
            "softcap=2"),
        new(
            "OldSoftmax",
            static s => [s.Op("MatMul", [s.Op("Softmax", [s.Scores("q", "k", AttentionCases.Scale)], ("axis", 3)), "v"])],
            static inputs => [new AttentionReference().Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Opset = 11,
        },
        new(
            "ProbabilitiesAreAnOutput",
            static s =>
            {
                string weights = s.Op("Softmax", [s.Scores("q", "k", AttentionCases.Scale)], ("axis", -1));
                return [s.Op("MatMul", [weights, "v"]), weights];
            },
            static inputs =>
            {
                var reference = new AttentionReference();
                var weights = new List<double>();
                for (int query = 0; query < AttentionCases.Rows * AttentionCases.Heads * AttentionCases.Queries; query++)
                {
                    int head = query / AttentionCases.Queries;
                    weights.AddRange(reference.Weights(inputs["q"], inputs["k"], head / AttentionCases.Heads, head % AttentionCases.Heads, query % AttentionCases.Queries));
                }

                return [reference.Compute(inputs["q"], inputs["k"], inputs["v"]), [.. weights]];
            })
        {
            Inputs = AttentionCases.Operands(),
            Has = ["qk_matmul_output_mode=3"],
        },
    ];

    /// <summary>Where(IsNaN(p), 0, p).</summary>
    public static string Guarded(AttentionSpelling spelling, string weights) => spelling.Op("Where", [spelling.Op("IsNaN", [weights]), spelling.Number(0), weights]);

    private static string Product(AttentionSpelling spelling) => spelling.Op("MatMul", ["q", spelling.Transpose("k", 0, 1, 3, 2)]);

    private static AttentionCase Case(string name, Func<AttentionSpelling, string> write, AttentionReference? reference = null, params string[] has) => new(
        name,
        spelling => [write(spelling)],
        inputs => [(reference ?? new AttentionReference()).Compute(inputs["q"], inputs["k"], inputs["v"])])
    {
        Inputs = AttentionCases.Operands(),
        Has = [.. has, "(q, k, v, _, _, _"],
    };
}
