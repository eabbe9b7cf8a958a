using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Rotary position embedding: pairs of elements, halves of a head or neighbours, are rotated by angles from tables.
/// <para>Before: <c>r = Concat(Neg(x2), x1); y = Add(Mul(x, cos), Mul(r, sin))</c> with x1 and x2 the halves of x. After: <c>y = RotaryEmbedding(x, cos, sin)</c>.</para>
/// <para>Before: <c>y = Concat(Sub(Mul(x1, cos), Mul(x2, sin)), Add(Mul(x2, cos), Mul(x1, sin)))</c>. After: the same.</para>
/// Tables that the canonical node of ONNX cannot take (one entry an element, own tables for every head) go to the compiler's own operator of the name.
/// </summary>
internal sealed class RotaryPattern : Pattern
{
    public override string Name => PatternNames.RotaryEmbedding;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Add" or "Concat" or "Reshape" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        Value result = node.Output;
        RotarySpelling? spelling = node.Type == "Add" ? RotarySpelling.OfSum(node, context) : RotarySpelling.OfParts(result, context);
        if (spelling is null)
        {
            return;
        }

        if (FindObstacle(spelling, result) is { } obstacle)
        {
            context.Miss(PatternNames.RotaryEmbedding, node, obstacle);
            return;
        }

        Value x = spelling.Input;
        long rotarySize = 0;
        if (PartialRotary.Find(x, result, context) is { } partial)
        {
            rotarySize = x.Shape[x.Shape.Rank - 1].Constant;
            (x, result) = (partial.Whole, partial.Result);
        }

        Rewriting rewriting = context.Rewrite(result, x, spelling.Cosine, spelling.Sine);

        // Parts may have been converted one by one.
        x = Matching.Holds(result.ElementType, x.ElementType) ? rewriting.Convert(x, result.ElementType) : x;
        Value canonical = new RotaryWriter(rewriting, context, result.Producer!).Write(x, spelling, rotarySize);
        rewriting.Replace(result, canonical);
    }

    private static string? FindObstacle(RotarySpelling spelling, Value result)
    {
        Value x = spelling.Input;
        Shape shape = x.Shape;
        return shape.Rank is not (3 or 4) ? $"the rotated value has rank {shape.Rank}"
            : !result.Shape.Equals(shape) ? $"the result of shape {result.Shape} is larger than what is rotated"
            : !x.ElementType.IsFloat() ? "what is rotated is no floating-point number"
            : shape[shape.Rank - 1].Value is not { } size ? "the head size is not known at build time"
            : !HasWidth(spelling.Cosine, spelling, size) || !HasWidth(spelling.Sine, spelling, size) ? "the tables are not as wide as what they are multiplied with"
            : spelling.Cosine.Shape.Rank > shape.Rank || spelling.Sine.Shape.Rank > shape.Rank ? "the tables have more axes than what is rotated"
            : shape[shape.Rank - 2].Value != 1 && IsOneEntry(spelling.Cosine, shape.Rank) && IsOneEntry(spelling.Sine, shape.Rank) ? "the tables have one entry for all positions"
            : null;
    }

    /// <summary>Whether a table varies along none of the axes between the batch and the width of what is rotated.</summary>
    private static bool IsOneEntry(Value table, int rank) =>
        Enumerable.Range(1, rank - 2).Select(axis => axis - (rank - table.Shape.Rank)).All(axis => axis < 0 || table.Shape[axis].Value == 1);

    private static bool HasWidth(Value table, RotarySpelling spelling, long size) =>
        table.Shape.Rank > 0 && table.Shape[table.Shape.Rank - 1].Value == (spelling.IsByParts ? size / 2 : size);
}
