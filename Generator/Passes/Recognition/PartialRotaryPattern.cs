using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Heads of which only a part goes through a RotaryEmbedding node.
/// <para>Before: <c>a, b = Split(x, {32, 48}); r = RotaryEmbedding(a, cos, sin); y = Concat(r, b)</c>. After: <c>y = RotaryEmbedding(x, cos, sin) rotary_embedding_dim=32</c>.</para>
/// </summary>
internal sealed class PartialRotaryPattern : Pattern
{
    public override string Name => PatternNames.RotaryEmbedding;

    public override bool IsAnchor(Node node) => node.Type == "RotaryEmbedding" && node.Domain.Length == 0 && node.IntegerAttribute("rotary_embedding_dim", 0) == 0;

    public override void Rewrite(Node node, RecognitionContext context)
    {
        Value part = node.Input(0);
        if (part.Shape.Rank != 4 || PartialRotary.Find(part, node.Output, context) is not { } partial)
        {
            return;
        }

        Rewriting rewriting = context.Rewrite(partial.Result, [partial.Whole, .. node.Inputs.Skip(1).OfType<Value>()]);
        Value canonical = rewriting.Nodes.Add(
            "RotaryEmbedding",
            [("interleaved", node.IntegerAttribute("interleaved", 0)), ("rotary_embedding_dim", part.Shape[3].Constant)],
            [partial.Whole, .. node.Inputs.Skip(1)]);
        context.Recognize(PatternNames.RotaryEmbedding, canonical);
        rewriting.Replace(partial.Result, canonical);
    }
}
