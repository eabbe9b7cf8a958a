using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// A residual connection before a normalization, with a bias or without. Nothing is rewritten: the additions join the loop of the normalization where nothing else
/// reads the sum.
/// </summary>
internal sealed class SkipNormalizationPattern : Pattern
{
    public override string Name => PatternNames.SkipNormalization;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "LayerNormalization" or "RMSNormalization" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        // input + skip, (input + skip) + bias, (input + bias) + skip.
        Node[] sums = [.. Sums(node.Input(0)).Take(2)];
        if (sums.FirstOrDefault(sum => sum.Inputs.All(operand => operand!.Shape.Equals(sum.Output.Shape) && !operand.IsConstant)) is { } skip)
        {
            context.Recognize(PatternNames.SkipNormalization, node.Output, [.. sums.TakeWhile(sum => sum != skip), skip]);
        }
    }

    private static IEnumerable<Node> Sums(Value value)
    {
        while (Matching.Producer(value, "Add") is { } sum)
        {
            yield return sum;
            value = sum.Inputs.FirstOrDefault(operand => operand!.Shape.Equals(sum.Output.Shape) && Matching.Producer(operand, "Add") is not null) ?? sum.Input(0);
        }
    }
}
