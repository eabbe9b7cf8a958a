using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// An addition of a bias before GELU. Nothing is rewritten: both are pointwise and become one loop, or the epilogue of the product before them.
/// </summary>
internal sealed class BiasGeluPattern : Pattern
{
    public override string Name => PatternNames.BiasGelu;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Gelu" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (Matching.Producer(node.Input(0), "Add") is not { } sum || Matching.OnlyReader(sum.Output, context.Graph) is null
            || !sum.Inputs.OfType<Value>().Any(operand => Matching.IsWeight(operand, sum.Output.Shape, sum.Output.Shape.Rank - 1)))
        {
            return;
        }

        if (node.StringAttribute("approximate", "none") != "none")
        {
            context.Miss(PatternNames.BiasGelu, node, "it is GELU's approximation by tanh, not GELU; addition and function are one loop all the same", isHarmless: true);
            return;
        }

        context.Recognize(PatternNames.BiasGelu, node.Output, sum);
    }
}
