using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// GELU by the error function or by tanh.
/// <para>Before: <c>e = Erf(Div(x, 1.4142)); a = Add(e, 1); m = Mul(x, a); y = Mul(m, 0.5)</c>. After: <c>y = Gelu(x)</c>.</para>
/// <para>Before: <c>t = Tanh(Mul(0.79788, Add(x, Mul(0.044715, Pow(x, 3))))); y = Mul(Mul(0.5, x), Add(1, t))</c>. After: <c>y = Gelu(x) approximate=tanh</c>.</para>
/// </summary>
internal sealed class GeluPattern : ActivationPattern
{
    private const double Cubic = 0.044715;

    private static readonly double InverseRootOfTwo = Math.Sqrt(0.5);

    private static readonly double TanhFactor = Math.Sqrt(2 / Math.PI);

    /// <summary>x / 2 + x t / 2.</summary>
    private static readonly Polynomial HalfOfBoth = Polynomial.Of((new Term(1), 0.5), (new Term(1, 1), 0.5));

    public override string Name => PatternNames.Gelu;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Erf" or "Tanh" or "Sigmoid" };

    protected override IEnumerable<ActivationForm> Interpret(Node node, Polynomial argument, double tolerance)
    {
        if (node.Type == "Erf" && argument.IsNear(Polynomial.Of((new Term(1), InverseRootOfTwo)), tolerance))
        {
            yield return new(PatternNames.Gelu, HalfOfBoth, "Gelu", [("approximate", "none")]);
        }

        // (1 + tanh(z)) / 2 is sigmoid(2 z).
        double scale = node.Type == "Tanh" ? TanhFactor : 2 * TanhFactor;
        if (node.Type != "Erf" && argument.IsNear(Polynomial.Of((new Term(1), scale), (new Term(3), scale * Cubic)), 4 * tolerance))
        {
            yield return new(PatternNames.Gelu, node.Type == "Tanh" ? HalfOfBoth : Polynomial.Of((new Term(1, 1), 1)), "Gelu", [("approximate", "tanh")]);
        }
    }

    protected override (string Pattern, string Reason)? Explain(Node node, RecognitionContext context)
    {
        if (node.Type != "Erf" && !Arguments(node.Input(0)).Any(x => Polynomial.Of(node.Input(0), x) is { } argument && argument[new Term(3)] != 0))
        {
            return null;
        }

        return (PatternNames.Gelu, node.Type == "Erf" && !Arguments(node.Input(0)).Any(x => Interpret(node, Polynomial.Of(node.Input(0), x) ?? Polynomial.Of(), 1e-4).Any())
            ? "the argument of the error function is not x / √2"
            : "the arithmetic around it is not that of x · Φ(x)");
    }
}
