using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Swish, which is SiLU with alpha = 1 and QuickGELU with alpha = 1.702.
/// <para>Before: <c>s = Sigmoid(Mul(1.702, x)); y = Mul(x, s)</c>. After: <c>y = Swish(x) alpha=1.702</c>.</para>
/// </summary>
internal sealed class SwishPattern : ActivationPattern
{
    private static readonly Polynomial Product = Polynomial.Of((new Term(1, 1), 1));

    public override string Name => PatternNames.Swish;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Sigmoid" };

    protected override IEnumerable<ActivationForm> Interpret(Node node, Polynomial argument, double tolerance)
    {
        double alpha = argument[new Term(1)];
        if (argument.IsNear(Polynomial.Of((new Term(1), alpha)), 0))
        {
            yield return new(PatternNames.Swish, Product, "Swish", [("alpha", (float)alpha)]);
        }
    }

    /// <summary>A sigmoid is a function of its own, so that one that multiplies nothing, or something else, is no miss.</summary>
    protected override (string Pattern, string Reason)? Explain(Node node, RecognitionContext context) => null;
}
