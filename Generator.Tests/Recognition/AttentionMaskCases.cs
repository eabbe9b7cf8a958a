using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>Masks: causal ones, windows, padding, tensors, and several at once.</summary>
internal static class AttentionMaskCases
{
    private const float Lowest = float.MinValue;

    // Row 1 has two columns of padding in front, so its first two queries see no key where the mask is causal too.
    private static readonly double[] Padding = [1, 1, 1, 1, 1, 0, 0, 1, 1, 1];
    private static readonly Func<int, int, int, int, bool> IsToken = static (row, _, _, key) => Padding[(row * AttentionCases.Queries) + key] != 0;
    private static readonly Func<int, int, int, int, bool> IsPast = static (_, _, query, key) => key <= query;

    public static IEnumerable<AttentionCase> All =>
    [
        Causal("CausalByRanges", static (s, scores) => s.Op("Add", [scores, s.Op("Where", [s.Future("q", "k"), s.Number(Lowest), s.Number(0)])])),
        Causal("CausalInTheScoresPlace", static (s, scores) => s.Op("Where", [s.Future("q", "k"), s.Number(float.NegativeInfinity), scores])),
        Causal("CausalByTheOtherBranch", static (s, scores) => s.Op("Where", [s.Op("Not", [s.Future("q", "k")]), scores, s.Number(-10000)])),
        Causal("CausalByATriangle", static (s, scores) =>
        {
            string ones = s.Op("Expand", [s.Number(1), s.Join(s.Size("q", 2), s.Size("k", 2))]);
            string triangle = s.Op("Trilu", [ones], ("upper", 0));
            return s.Op("Add", [s.Op("Where", [s.Op("Equal", [triangle, s.Number(0)]), s.Number(float.NegativeInfinity), s.Number(0)]), scores]);
        }),
        Causal("CausalByAnUpperTriangle", static (s, scores) =>
        {
            string filled = s.Op("Expand", [s.Number(Lowest), s.Join(s.Size("q", 2), s.Size("k", 2))]);
            return s.Op("Add", [scores, s.Unsqueeze(s.Op("Trilu", [filled, s.Integer(1)], ("upper", 1)), 0, 1)]);
        }),
        Causal("CausalByAProduct", static (s, scores) =>
            s.Op("Add", [scores, s.Op("Mul", [s.Op("Expand", [s.Number(Lowest), s.Join(s.Size("q", 2), s.Size("k", 2))]), s.Cast(s.Future("q", "k"), DataType.Float)])])),
        Causal("CausalBeforeTheScale", static (s, _) =>
        {
            string masked = s.Op("Add", [s.Op("MatMul", ["q", s.Transpose("k", 0, 1, 3, 2)]), s.Op("Where", [s.Future("q", "k"), s.Number(-1e5f), s.Number(0)])]);
            return s.Op("Mul", [masked, s.Number(AttentionCases.Scale)]);
        }),
        Causal("CausalOneColumnTooLong", static (s, scores) =>
        {
            string keys = s.Size("k", 2);
            string longer = s.Op("Add", [keys, s.Integer(1)]);
            string future = s.Op("Greater", [s.Range(s.Integer(0), longer), s.Unsqueeze(s.Range(s.Integer(0), s.Size("q", 2)), 1)]);
            string mask = s.Unsqueeze(s.Op("Mul", [s.Cast(future, DataType.Float), s.Number(Lowest)]), 0, 1);
            string expanded = s.Op("Expand", [mask, s.Join(s.Size("q", 0), 1, 1, 1)]);
            return s.Op("Add", [scores, s.Op("Slice", [expanded, s.List(0), s.Op("Unsqueeze", [keys, s.List(0)]), s.List(3), s.List(1)])]);
        }),
        Causal("CausalByATableOfWeights", static (s, scores) =>
        {
            // As GPT-2 has it: a buffer for the longest sequence, cut to size.
            float[] table = [.. Enumerable.Range(0, 64 * 64).Select(static index => index % 64 <= index / 64 ? 0 : Lowest)];
            string size = s.Op("Unsqueeze", [s.Size("q", 2), s.List(0)]);
            string rows = s.Op("Slice", [s.Constant(table, 1, 1, 64, 64), s.List(0), size, s.List(2), s.List(1)]);
            return s.Op("Add", [scores, s.Op("Slice", [rows, s.List(0), size, s.List(3), s.List(1)])]);
        }),
        Causal("CausalThroughScatters", static (s, scores) =>
        {
            // What slice assignments become: rows of a buffer replaced by rows of the mask.
            string mask = s.Unsqueeze(s.Op("Where", [s.Future("q", "k"), s.Number(Lowest), s.Number(0)]), 0, 1);
            string buffer = s.Op("Expand", [s.Number(7), s.Join(1, 1, s.Size("q", 2), s.Size("k", 2))]);
            string places = s.Unsqueeze(s.Range(s.Integer(0), s.Size("q", 2)), -1);
            string scattered = s.Op("ScatterND", [s.Transpose(buffer, 2, 1, 0, 3), places, s.Transpose(mask, 2, 1, 0, 3)]);
            return s.Op("Add", [scores, s.Transpose(scattered, 2, 1, 0, 3)]);
        }),
        Causal("CausalAsConjunctionOfTruths", static (s, scores) =>
        {
            string visible = s.Op("Not", [s.Future("q", "k")]);
            string all = s.Op("ConstantOfShape", [s.Join(s.Size("q", 2), s.Size("k", 2))]);
            string both = s.Op("And", [visible, s.Op("Equal", [all, s.Number(0)])]);
            return s.Op("Where", [both, scores, s.Number(Lowest)]);
        }),
        new(
            "SlidingWindow",
            static s =>
            {
                string positions = s.Unsqueeze(s.Range(s.Integer(0), s.Size("q", 2)), 1);
                string tooOld = s.Op("LessOrEqual", [s.Range(s.Integer(0), s.Size("k", 2)), s.Op("Sub", [positions, s.Integer(3)])]);
                string hidden = s.Op("Or", [s.Future("q", "k"), tooOld]);
                return [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), s.Op("Where", [hidden, s.Number(Lowest), s.Number(0)])]), "v")];
            },
            static inputs => [new AttentionReference { Sees = static (_, _, query, key) => key <= query && key > query - 3 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Has = ["is_causal=1", "window=3", "(q, k, v, _, _, _"],
        },
        // Scores in the thousands, exactly: a key that is 1000 behind may be the one that counts.
        new(
            "AThousandIsABias",
            static s => [s.Weigh(s.Op("Add", [s.Scores("q", "k", 0.5f), s.Op("Where", [s.Future("q", "k"), s.Number(-1000), s.Number(0)])]), "v")],
            static inputs => [new AttentionReference { Scale = 0.5, Bias = static (_, _, query, key) => key > query ? -1000 : 0 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Values = { ["q"] = Integers(3), ["k"] = Integers(4) },
            Has = ["= cameo.Attention("],
            HasNot = ["is_causal=1"],
        },
        new(
            "TenThousandBeforeTheScale",
            static s =>
            {
                string products = s.Op("MatMul", ["q", s.Transpose("k", 0, 1, 3, 2)]);
                string masked = s.Op("Add", [products, s.Op("Where", [s.Future("q", "k"), s.Number(-10000), s.Number(0)])]);
                return [s.Weigh(s.Op("Mul", [masked, s.Number(0.0625f)]), "v")];
            },
            static inputs => [new AttentionReference { Scale = 0.0625, Sees = static (_, _, query, key) => key <= query }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Has = ["is_causal=1", "(q, k, v, _, _, _"],
        },
        Padded("PaddingByWhere", static (s, scores, mask) => s.Op("Add", [scores, s.Op("Where", [s.Op("Equal", [mask, s.Integer(0)]), s.Number(Lowest), s.Number(0)])]), "uniform"),
        Padded("PaddingByACast", static (s, scores, mask) => s.Op("Where", [s.Cast(mask, DataType.Bool), scores, s.Number(Lowest)]), "uniform"),
        Padded("PaddingInverted", static (s, scores, mask) =>
        {
            string inverted = s.Op("Sub", [s.Number(1), s.Cast(mask, DataType.Float)]);
            return s.Op("Add", [scores, s.Op("Where", [s.Cast(inverted, DataType.Bool), s.Number(Lowest), inverted])]);
        }, "uniform"),
        new(
            "PaddingByAProduct",
            static s =>
            {
                string inverted = s.Op("Mul", [s.Op("Sub", [s.Number(1), s.Cast(s.Unsqueeze("mask", 1, 2), DataType.Float)]), s.Number(-10000)]);
                return [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), inverted]), "v")];
            },
            static inputs => [new AttentionReference { Sees = IsToken }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            // A row of padding alone keeps its scores here: the numbers stay what is added.
            Inputs = WithMask(),
            Values = new() { ["mask"] = Padding },
            Miss = ("mask", "sees no key"),
            HasNot = ["(q, k, v, _"],
        },
        new(
            "CausalAndPadding",
            static s =>
            {
                string causal = s.Op("Where", [s.Future("q", "k"), s.Number(Lowest), s.Number(0)]);
                string inverted = s.Op("Sub", [s.Number(1), s.Cast(s.Unsqueeze("mask", 1, 2), DataType.Float)]);
                string padding = s.Op("Where", [s.Cast(inverted, DataType.Bool), s.Number(Lowest), inverted]);
                string mask = s.Op("Max", [s.Op("Add", [s.Unsqueeze(causal, 0, 1), padding]), s.Number(Lowest)]);
                return [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), mask]), "v")];
            },
            static inputs => [new AttentionReference
            {
                Sees = static (row, head, query, key) => IsToken(row, head, query, key) && IsPast(row, head, query, key),
                UniformWhereMasked = true,
            }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = WithMask(),
            Values = new() { ["mask"] = Padding },
            Has = ["is_causal=1", "fully_masked=\"uniform\""],
            HasNot = ["(q, k, v, _"],
        },
        new(
            "PaddingPickedByIndices",
            static s =>
            {
                // mask[arange(rows)[:, None, None, None], arange(keys)[None, None, None, :]], as newer exporters index it.
                string shape = s.Join(s.Size("q", 0), 1, s.Size("q", 2), s.Size("k", 2), 1);
                string rows = s.Op("Expand", [s.Unsqueeze(s.Range(s.Integer(0), s.Size("q", 0)), 1, 2, 3, 4), shape]);
                string keys = s.Op("Expand", [s.Unsqueeze(s.Range(s.Integer(0), s.Size("k", 2)), 0, 1, 2, 4), shape]);
                string padding = s.Op("GatherND", [s.Cast("mask", DataType.Bool), s.Op("Concat", [rows, keys], ("axis", -1))]);
                string visible = s.Op("And", [s.Op("Not", [s.Future("q", "k")]), padding]);
                return [s.Op("MatMul", [AttentionScaleCases.Guarded(s, s.Op("Softmax", [s.Op("Where", [visible, s.Scores("q", "k", AttentionCases.Scale), s.Number(float.NegativeInfinity)])], ("axis", -1))), "v"])];
            },
            static inputs => [new AttentionReference { Sees = static (row, head, query, key) => IsToken(row, head, query, key) && IsPast(row, head, query, key) }
                .Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = WithMask(),
            Values = new() { ["mask"] = Padding },
            Has = ["is_causal=1", "fully_masked=\"zero\""],
            HasNot = ["(q, k, v, _"],
        },
        new(
            "TruthsFromOutside",
            static s => [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), s.Op("Where", ["visible", s.Number(0), s.Number(Lowest)])]), "v")],
            static inputs => [new AttentionReference { Sees = (row, _, query, key) => inputs["visible"][(((row * AttentionCases.Queries) + query) * AttentionCases.Queries) + key] != 0, UniformWhereMasked = true }
                .Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = [.. AttentionCases.Operands(), ("visible", DataType.Bool, ["b", 1, "s", "s"], [AttentionCases.Rows, 1, AttentionCases.Queries, AttentionCases.Queries])],
            Values = new() { ["visible"] = [.. Enumerable.Range(0, 50).Select(static index => index is >= 10 and < 15 || index % 3 == 0 ? 0.0 : 1)] },
            Has = ["(q, k, v, visible", "fully_masked=\"uniform\""],
        },
        new(
            "BiasAndCausal",
            static s =>
            {
                string mask = s.Op("Add", ["bias", s.Unsqueeze(s.Op("Where", [s.Future("q", "k"), s.Number(Lowest), s.Number(0)]), 0, 1)]);
                return [s.Weigh(s.Op("Add", [mask, s.Scores("q", "k", AttentionCases.Scale)]), "v")];
            },
            static inputs => [new AttentionReference
            {
                Sees = IsPast,
                Bias = (_, head, query, key) => inputs["bias"][(((head * AttentionCases.Queries) + query) * AttentionCases.Queries) + key],
            }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = [.. AttentionCases.Operands(), ("bias", DataType.Float, [1, AttentionCases.Heads, "s", "s"], [1, AttentionCases.Heads, AttentionCases.Queries, AttentionCases.Queries])],
            Has = ["(q, k, v, bias", "is_causal=1"],
        },
        new(
            "BiasBeforeTheScale",
            static s => [s.Weigh(s.Op("Mul", [s.Op("Add", [s.Op("MatMul", ["q", s.Transpose("k", 0, 1, 3, 2)]), "bias"]), s.Number(AttentionCases.Scale)]), "v")],
            static inputs => [new AttentionReference { Bias = (row, _, _, key) => inputs["bias"][(row * AttentionCases.Queries) + key] * AttentionCases.Scale }
                .Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = [.. AttentionCases.Operands(), ("bias", DataType.Float, ["b", 1, 1, "s"], [AttentionCases.Rows, 1, 1, AttentionCases.Queries])],
            HasNot = ["(q, k, v, _"],
        },
        new(
            "TwoLayersShareTheMask",
            static s =>
            {
                string mask = s.Op("Where", [s.Op("Or", [s.Future("q", "k"), s.Op("Equal", [s.Unsqueeze("mask", 1, 2), s.Integer(0)])]), s.Number(Lowest), s.Number(0)]);
                string first = s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), mask]), "v");
                return [s.Weigh(s.Op("Add", [s.Scores(first, "k", AttentionCases.Scale), mask]), "v")];
            },
            static inputs =>
            {
                var reference = new AttentionReference { Sees = static (row, head, query, key) => IsToken(row, head, query, key) && IsPast(row, head, query, key), UniformWhereMasked = true };
                return [reference.Compute(reference.Compute(inputs["q"], inputs["k"], inputs["v"]), inputs["k"], inputs["v"])];
            })
        {
            Inputs = WithMask(),
            Values = new() { ["mask"] = Padding },
            Count = 2,
            Has = ["is_causal=1", "fully_masked=\"uniform\""],
        },
        new(
            "PrefixSeesItself",
            static s =>
            {
                // Visible where the key is not in the future, or is among the first two: no conjunction.
                string visible = s.Op("Or", [s.Op("Not", [s.Future("q", "k")]), s.Op("Less", [s.Range(s.Integer(0), s.Size("k", 2)), s.Integer(2)])]);
                return [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), s.Op("Where", [visible, s.Number(0), s.Number(Lowest)])]), "v")];
            },
            static inputs => [new AttentionReference { Sees = static (_, _, query, key) => key <= query || key < 2 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Miss = ("mask", "no conjunction"),
            Has = ["is_causal=0"],
            HasNot = ["(q, k, v, _"],
        },
    ];

    /// <summary>Queries or keys of whole numbers up to 40.</summary>
    private static double[] Integers(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, AttentionCases.Rows * AttentionCases.Heads * AttentionCases.Queries * AttentionCases.Size).Select(_ => (double)random.Next(-40, 41))];
    }

    private static AttentionCase Causal(string name, Func<AttentionSpelling, string, string> mask) => new(
        name,
        spelling => [spelling.Weigh(mask(spelling, spelling.Scores("q", "k", AttentionCases.Scale)), "v")],
        static inputs => [new AttentionReference { Sees = IsPast }.Compute(inputs["q"], inputs["k"], inputs["v"])])
    {
        Inputs = AttentionCases.Operands(),
        Has = ["is_causal=1", "window=0", "(q, k, v, _, _, _"],
    };

    private static AttentionCase Padded(string name, Func<AttentionSpelling, string, string, string> mask, string fullyMasked) => new(
        name,
        spelling => [spelling.Weigh(mask(spelling, spelling.Scores("q", "k", AttentionCases.Scale), spelling.Unsqueeze("mask", 1, 2)), "v")],
        static inputs => [new AttentionReference { Sees = (row, _, _, key) => inputs["mask"][(row * AttentionCases.Queries) + key] != 0, UniformWhereMasked = true }
            .Compute(inputs["q"], inputs["k"], inputs["v"])])
    {
        Inputs = WithMask(),
        Values = new() { ["mask"] = [1, 1, 0, 1, 1, 0, 0, 0, 0, 0] }, // row 1 is padding alone
        Has = ["is_causal=0", $"fully_masked=\"{fullyMasked}\""],
        HasNot = ["(q, k, v, _"],
    };

    private static List<(string, DataType, object[], long[])> WithMask() =>
        [.. AttentionCases.Operands(), ("mask", DataType.Int64, ["b", "s"], [AttentionCases.Rows, AttentionCases.Queries])];
}
