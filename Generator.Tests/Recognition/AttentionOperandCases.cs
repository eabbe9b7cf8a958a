using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>How heads lie and are repeated, and pasts.</summary>
internal static class AttentionOperandCases
{
    private const int KeyHeads = 2;
    private const int Total = AttentionCases.Past + AttentionCases.Queries;

    public static IEnumerable<AttentionCase> All =>
    [
        new(
            "HeadsSplitAndMerged",
            static s =>
            {
                string query = s.Transpose(Split(s, "x"), 0, 2, 1, 3);
                string key = s.Transpose(Split(s, "x"), 0, 2, 3, 1);
                string value = s.Transpose(Split(s, "x"), 0, 2, 1, 3);
                string result = s.Weigh(s.Op("Mul", [s.Op("MatMul", [query, key]), s.Number(AttentionCases.Scale)]), value);
                return [s.Op("Reshape", [s.Transpose(result, 0, 2, 1, 3), s.Join(s.Size("x", 0), s.Size("x", 1), AttentionCases.Heads * AttentionCases.Size)])];
            },
            static inputs =>
            {
                double[] operand = Swap(inputs["x"], AttentionCases.Queries, AttentionCases.Heads);
                return [Swap(new AttentionReference().Compute(operand, operand, operand), AttentionCases.Heads, AttentionCases.Queries)];
            })
        {
            Inputs = [("x", DataType.Float, ["b", "s", AttentionCases.Heads * AttentionCases.Size], [AttentionCases.Rows, AttentionCases.Queries, AttentionCases.Heads * AttentionCases.Size])],
        },
        new(
            "RowsAndHeadsInOneAxis",
            static s =>
            {
                string flatQuery = Flat(s, "q");
                string scores = s.Op("MatMul", [s.Op("Mul", [flatQuery, s.Number(AttentionCases.Scale)]), s.Transpose(Flat(s, "k"), 0, 2, 1)]);
                string split = s.Op("Reshape", [scores, s.Join(s.Size("q", 0), AttentionCases.Heads, s.Size("q", 2), s.Size("k", 2))]);
                string masked = s.Op("Add", [split, s.Op("Where", [s.Op("Equal", [s.Unsqueeze("mask", 1, 2), s.Integer(0)]), s.Number(float.MinValue), s.Number(0)])]);
                string merged = s.Op("Reshape", [masked, s.Join(-1, s.Size("q", 2), s.Size("k", 2))]);
                return [s.Op("Reshape", [s.Weigh(merged, Flat(s, "v")), s.Join(s.Size("q", 0), AttentionCases.Heads, s.Size("q", 2), AttentionCases.Size)])];
            },
            static inputs => [new AttentionReference { Sees = (row, _, _, key) => inputs["mask"][(row * AttentionCases.Queries) + key] != 0 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = [.. AttentionCases.Operands(), ("mask", DataType.Int64, ["b", "s"], [AttentionCases.Rows, AttentionCases.Queries])],
            Values = new() { ["mask"] = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1] },
            Has = ["(q, k, v, "],
        },
        new(
            "OneHeadWithoutItsAxis",
            static s => [s.Weigh(s.Op("Mul", [s.Op("MatMul", ["x", s.Transpose("x", 0, 2, 1)]), s.Number(AttentionCases.Scale)]), "x")],
            static inputs => [new AttentionReference { Heads = 1, KeyHeads = 1 }.Compute(inputs["x"], inputs["x"], inputs["x"])])
        {
            Inputs = [("x", DataType.Float, ["b", "s", AttentionCases.Size], [AttentionCases.Rows, AttentionCases.Queries, AttentionCases.Size])],
        },
        new(
            "MatricesAlone",
            static s => [s.Weigh(s.Op("Mul", [s.Op("MatMul", ["x", s.Transpose("x", 1, 0)]), s.Number(AttentionCases.Scale)]), "x")],
            static inputs => [new AttentionReference { Rows = 1, Heads = 1, KeyHeads = 1 }.Compute(inputs["x"], inputs["x"], inputs["x"])])
        {
            Inputs = [("x", DataType.Float, ["s", AttentionCases.Size], [AttentionCases.Queries, AttentionCases.Size])],
        },
        Grouped("HeadsRepeatedByExpand", static (s, value) => s.Repeat(value, KeyHeads, 2, AttentionCases.Size)),
        Grouped("HeadsRepeatedByGather", static (s, value) => s.Op("Gather", [value, s.List(0, 0, 1, 1)], ("axis", 1))),
        Grouped("HeadsRepeatedByTile", static (s, value) =>
        {
            string tiled = s.Op("Tile", [s.Unsqueeze(value, 2), s.List(1, 1, 2, 1, 1)]);
            return s.Op("Reshape", [tiled, s.Join(s.Size(value, 0), 2 * KeyHeads, s.Size(value, 2), AttentionCases.Size)]);
        }),
        Grouped("HeadsRepeatedByConcat", static (s, value) =>
        {
            string added = s.Unsqueeze(value, 2);
            return s.Op("Reshape", [s.Op("Concat", [added, added], ("axis", 2)), s.Join(s.Size(value, 0), 2 * KeyHeads, s.Size(value, 2), AttentionCases.Size)]);
        }),
        new(
            "OneKeyHeadForAll",
            static s => [s.Weigh(s.Scores("q", "k", AttentionCases.Scale), "v")],
            static inputs => [new AttentionReference { KeyHeads = 1 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(1),
            Has = ["(q, k, v, _"],
        },
        new(
            "HeadsInTurnStayRepeated",
            static s => [s.Weigh(s.Scores("q", s.Op("Tile", ["k", s.List(1, 2, 1, 1)]), AttentionCases.Scale), s.Op("Tile", ["v", s.List(1, 2, 1, 1)]))],
            static inputs =>
            {
                double[] Twice(double[] values) => [.. values.Chunk(KeyHeads * AttentionCases.Queries * AttentionCases.Size).SelectMany(static row => row.Concat(row))];
                return [new AttentionReference().Compute(inputs["q"], Twice(inputs["k"]), Twice(inputs["v"]))];
            })
        {
            Inputs = AttentionCases.Operands(KeyHeads),
            HasNot = ["(q, k, v, _"],
        },
        Cached("PastIsJoined", 4, static (s, key, value) => s.Weigh(s.Scores("q", key, AttentionCases.Scale), value), static (_, _, _, _) => true, "is_causal=0"),
        Cached("PastAndCausal", 4, static (s, key, value) =>
            s.Weigh(s.Op("Add", [s.Scores("q", key, AttentionCases.Scale), s.Op("Where", [s.Future("q", key, "pk"), s.Number(float.MinValue), s.Number(0)])]), value), IsPast, "is_causal=1"),
        Cached("PastWithRepeatedHeads", KeyHeads, static (s, key, value) =>
        {
            string repeated = s.Repeat(key, KeyHeads, 2, AttentionCases.Size);
            string scores = s.Op("MatMul", [s.Op("Mul", ["q", s.Number(AttentionCases.Scale)]), s.Transpose(repeated, 0, 1, 3, 2)]);
            string masked = s.Op("Where", [s.Future("q", key, "pk"), s.Number(float.NegativeInfinity), scores]);
            return s.Weigh(masked, s.Repeat(value, KeyHeads, 2, AttentionCases.Size));
        }, IsPast, "is_causal=1"),
        Cached("PastIsAllVisibleToo", 4, static (s, key, value) =>
        {
            // As older exporters join it: nothing is hidden of the past, the new part is causal.
            string square = s.Op("Where", [s.Op("Less", [s.Range(s.Integer(0), s.Size("q", 2)), s.Unsqueeze(s.Op("Add", [s.Range(s.Integer(0), s.Size("q", 2)), s.Integer(1)]), 1)]), s.Number(0), s.Number(float.MinValue)]);
            string nothing = s.Op("ConstantOfShape", [s.Join(s.Size("q", 2), s.Size("pk", 2))]);
            return s.Weigh(s.Op("Add", [s.Scores("q", key, AttentionCases.Scale), s.Unsqueeze(s.Op("Concat", [nothing, square], ("axis", -1)), 0, 1)]), value);
        }, IsPast, "is_causal=1"),
        Cached("PastAndWindow", 4, static (s, key, value) =>
        {
            string positions = s.Unsqueeze(s.Range(s.Size("pk", 2), s.Size(key, 2)), 1);
            string tooOld = s.Op("Less", [s.Range(s.Integer(0), s.Size(key, 2)), s.Op("Sub", [positions, s.Integer(3)])]);
            string hidden = s.Op("Or", [s.Future("q", key, "pk"), tooOld]);
            return s.Weigh(s.Op("Where", [hidden, s.Number(float.NegativeInfinity), s.Scores("q", key, AttentionCases.Scale)]), value);
        }, static (_, _, query, key) => key <= query + AttentionCases.Past && key >= query + AttentionCases.Past - 3, "window=4"),
        new(
            "PastStoredTransposed",
            static s =>
            {
                string key = s.Op("Concat", ["pk", s.Transpose("k", 0, 1, 3, 2)], ("axis", 3));
                string value = s.Op("Concat", ["pv", "v"], ("axis", 2));
                return [s.Weigh(s.Op("Mul", [s.Op("MatMul", ["q", key]), s.Number(AttentionCases.Scale)]), value), key, value];
            },
            static inputs =>
            {
                double[] pastKey = TransposeLast(inputs["pk"], AttentionCases.Size, AttentionCases.Past);
                double[] key = Join(pastKey, inputs["k"], AttentionCases.Heads);
                double[] value = Join(inputs["pv"], inputs["v"], AttentionCases.Heads);
                return [new AttentionReference { Keys = Total }.Compute(inputs["q"], key, value), TransposeLast(key, Total, AttentionCases.Size), value];
            })
        {
            Inputs =
            [
                .. AttentionCases.Operands(),
                ("pk", DataType.Float, ["b", AttentionCases.Heads, AttentionCases.Size, "p"], [AttentionCases.Rows, AttentionCases.Heads, AttentionCases.Size, AttentionCases.Past]),
                ("pv", DataType.Float, ["b", AttentionCases.Heads, "p", AttentionCases.Size], [AttentionCases.Rows, AttentionCases.Heads, AttentionCases.Past, AttentionCases.Size]),
            ],
            Miss = ("cache", "only one of keys and values"),
            HasNot = ["pk, pv"],
        },
    ];

    private static readonly Func<int, int, int, int, bool> IsPast = static (_, _, query, key) => key <= query + AttentionCases.Past;

    private static string Split(AttentionSpelling s, string value) => s.Op("Reshape", [value, s.List(0, 0, AttentionCases.Heads, AttentionCases.Size)]);

    private static string Flat(AttentionSpelling s, string value) => s.Op("Reshape", [value, s.Join(-1, s.Size(value, 2), AttentionCases.Size)]);

    private static double[] Swap(double[] values, int first, int second) => AttentionCases.SwapHeads(values, AttentionCases.Rows, first, second, AttentionCases.Size);

    private static double[] Join(double[] past, double[] next, int heads) =>
        AttentionCases.Join(past, next, AttentionCases.Rows, heads, AttentionCases.Past, AttentionCases.Queries, AttentionCases.Size);

    /// <summary>Matrices [first, second] transposed.</summary>
    private static double[] TransposeLast(double[] values, int first, int second) =>
        [.. values.Chunk(first * second).SelectMany(matrix => Enumerable.Range(0, first * second).Select(index => matrix[(index % first * second) + (index / first)]))];

    private static AttentionCase Grouped(string name, Func<AttentionSpelling, string, string> repeat) => new(
        name,
        spelling => [spelling.Weigh(spelling.Scores("q", repeat(spelling, "k"), AttentionCases.Scale), repeat(spelling, "v"))],
        static inputs => [new AttentionReference { KeyHeads = KeyHeads }.Compute(inputs["q"], inputs["k"], inputs["v"])])
    {
        Inputs = AttentionCases.Operands(KeyHeads),
        Has = ["(q, k, v, _"],
    };

    private static AttentionCase Cached(string name, int keyHeads, Func<AttentionSpelling, string, string, string> weigh, Func<int, int, int, int, bool> sees, string has) => new(
        name,
        spelling =>
        {
            string key = spelling.Op("Concat", ["pk", "k"], ("axis", -2));
            string value = spelling.Op("Concat", ["pv", "v"], ("axis", 2));
            return [weigh(spelling, key, value), key, value];
        },
        inputs =>
        {
            double[] key = Join(inputs["pk"], inputs["k"], keyHeads);
            double[] value = Join(inputs["pv"], inputs["v"], keyHeads);
            return [new AttentionReference { KeyHeads = keyHeads, Keys = Total, Sees = sees }.Compute(inputs["q"], key, value), key, value];
        })
    {
        Inputs =
        [
            .. AttentionCases.Operands(keyHeads),
            ("pk", DataType.Float, ["b", keyHeads, "p", AttentionCases.Size], [AttentionCases.Rows, keyHeads, AttentionCases.Past, AttentionCases.Size]),
            ("pv", DataType.Float, ["b", keyHeads, "p", AttentionCases.Size], [AttentionCases.Rows, keyHeads, AttentionCases.Past, AttentionCases.Size]),
        ],
        Has = ["(q, k, v, _, pk, pv,", has],
    };
}
