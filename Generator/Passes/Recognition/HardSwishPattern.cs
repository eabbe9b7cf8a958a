using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// HardSwish, and HardSigmoid with its factors (which is another node: HardSigmoid's defaults are 0.2 and 0.5).
/// <para>Before: <c>c = Clip(Add(x, 3), 0, 6); y = Div(Mul(x, c), 6)</c>, or <c>y = Mul(x, HardSigmoid(x) alpha=1/6)</c>. After: <c>y = HardSwish(x)</c>.</para>
/// <para>Before: <c>y = Div(Clip(Add(x, 3), 0, 6), 6)</c>. After: <c>y = HardSigmoid(x) alpha=1/6</c>.</para>
/// </summary>
internal sealed class HardSwishPattern : ActivationPattern
{
    private const double Slope = 1.0 / 6;
    private const double Offset = 0.5;

    public override string Name => PatternNames.HardSwish;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Clip" or "HardSigmoid" };

    protected override IEnumerable<ActivationForm> Interpret(Node node, Polynomial argument, double tolerance)
    {
        // The node is height · clamp(slope · x + offset, 0, 1).
        double height = 1;
        double slope = argument[new Term(1)];
        double offset = argument[default];
        if (!argument.IsNear(Polynomial.Of((new Term(1), slope), (default, offset)), 0))
        {
            yield break;
        }

        if (node.Type == "HardSigmoid")
        {
            double alpha = node.FloatAttribute("alpha", 0.2f);
            offset = alpha * offset + node.FloatAttribute("beta", 0.5f);
            slope *= alpha;
        }
        else if (Bound(node, 1, "min") is 0 && Bound(node, 2, "max") is { } upper and > 0)
        {
            (height, slope, offset) = (upper, slope / upper, offset / upper);
        }
        else
        {
            yield break;
        }

        if (!Matching.Near(slope, Slope, tolerance) || !Matching.Near(offset, Offset, tolerance))
        {
            yield break;
        }

        yield return new(PatternNames.HardSwish, Polynomial.Of((new Term(1, 1), 1 / height)), "HardSwish", []);
        if (node.Type != "HardSigmoid")
        {
            yield return new(PatternNames.HardSigmoid, Polynomial.Of((new Term(0, 1), 1 / height)), "HardSigmoid", [("alpha", (float)Slope), ("beta", (float)Offset)]);
        }
    }

    protected override (string Pattern, string Reason)? Explain(Node node, RecognitionContext context)
    {
        // Clip and HardSigmoid stand for themselves nearly everywhere; only a product with their own input resembles the pattern.
        Value? x = Arguments(node.Input(0)).FirstOrDefault(x => Matching.Readers(node.Output).Any(reader => Matching.Producer(reader.Output, "Mul") is { } product
            && Matching.Same(Matching.Other(product, node.Output), x)));
        return x is null ? null : (PatternNames.HardSwish, node.Type == "Clip"
            ? "the product of x and the clipped value is not x · clip(x + 3, 0, 6) / 6"
            : $"HardSigmoid's slope and offset are {node.FloatAttribute("alpha", 0.2f)} and {node.FloatAttribute("beta", 0.5f)} and not 1/6 and 0.5");
    }

    private static double? Bound(Node node, int input, string attribute) => node.Version >= 11
        ? Matching.Number(node.OptionalInput(input))
        : node.HasAttribute(attribute) ? node.FloatAttribute(attribute, 0) : null;
}
