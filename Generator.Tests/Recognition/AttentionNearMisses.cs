using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>What resembles attention and is none, or not one that the canonical node computes.</summary>
internal static class AttentionNearMisses
{
    public static IEnumerable<AttentionCase> All =>
    [
        new(
            "ValuesOfOneRowForAll",
            static s => [s.Weigh(s.Scores("q", "k", AttentionCases.Scale), "one")],
            static inputs => [new AttentionReference().Compute(inputs["q"], inputs["k"], [.. inputs["one"], .. inputs["one"]])])
        {
            Inputs = [.. AttentionCases.Operands().Take(2), ("one", DataType.Float, [1, AttentionCases.Heads, "s", AttentionCases.Size], [1, AttentionCases.Heads, AttentionCases.Queries, AttentionCases.Size])],
            Count = 0,
            Miss = ("attention", "rows of queries but 1 of values"),
        },
        new(
            "ScoresAreAnOutput",
            static s =>
            {
                string scores = s.Scores("q", "k", AttentionCases.Scale);
                return [s.Weigh(scores, "v"), s.Op("Relu", [scores])];
            },
            static inputs => [new AttentionReference().Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            Inputs = AttentionCases.Operands(),
            Count = 0,
            Miss = ("attention", "read by others"),
        },
        new(
            "KeysAreWeights",
            static s => [s.Op("MatMul", [s.Op("Softmax", [s.Op("MatMul", ["x", s.Constant(Numbers(48), 8, 6)])], ("axis", -1)), s.Constant(Numbers(48), 6, 8)])],
            static inputs =>
            {
                float[] weights = Numbers(48);
                var result = new List<double>();
                foreach (double[] row in inputs["x"].Chunk(8))
                {
                    double[] scores = [.. Enumerable.Range(0, 6).Select(column => Enumerable.Range(0, 8).Sum(index => row[index] * weights[(index * 6) + column]))];
                    double sum = scores.Sum(Math.Exp);
                    result.AddRange(Enumerable.Range(0, 8).Select(column => Enumerable.Range(0, 6).Sum(index => Math.Exp(scores[index]) / sum * weights[(index * 8) + column])));
                }

                return [[.. result]];
            })
        {
            Inputs = [("x", DataType.Float, ["n", 8], [5, 8])],
            Count = 0,
        },
        new(
            "BandAroundThePosition",
            static s =>
            {
                string distance = s.Op("Abs", [s.Op("Sub", [s.Range(s.Integer(0), s.Size("k", 2)), s.Unsqueeze(s.Range(s.Integer(0), s.Size("q", 2)), 1)])]);
                return [s.Weigh(s.Op("Add", [s.Scores("q", "k", AttentionCases.Scale), s.Op("Where", [s.Op("Greater", [distance, s.Integer(1)]), s.Number(float.MinValue), s.Number(0)])]), "v")];
            },
            static inputs => [new AttentionReference { Sees = static (_, _, query, key) => Math.Abs(query - key) <= 1 }.Compute(inputs["q"], inputs["k"], inputs["v"])])
        {
            // Attention it is, with the mask as a tensor.
            Inputs = AttentionCases.Operands(),
            Has = ["is_causal=0", "window=0"],
            HasNot = ["(q, k, v, _"],
            Miss = ("mask", ""),
        },
    ];

    private static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(static index => MathF.Sin(index * 0.7f))];
}
