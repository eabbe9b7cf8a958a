using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Rules of activations that are canonical operators.</summary>
internal sealed partial class DerivativeRules
{
    /// <summary>x · Φ(x): Φ + x · φ; of the approximation by a hyperbolic tangent its own derivative.</summary>
    private Value Gelu(Value g)
    {
        Value x = X(0);
        if (node.StringAttribute("approximate", "none") != "tanh")
        {
            Value share = Times(F.Add(F.Apply("Erf", Times(x, Math.Sqrt(0.5))), F.Number(1, x)), 0.5);
            Value density = Times(F.Apply("Exp", Times(Square(x), -0.5)), 1 / Math.Sqrt(2 * Math.PI));
            return F.Multiply(g, F.Add(share, F.Multiply(x, density)));
        }

        const double Cubic = 0.044715;
        double scale = Math.Sqrt(2 / Math.PI);
        Value square = Square(x);
        Value tangent = F.Apply("Tanh", F.Multiply(x, F.Add(Times(square, scale * Cubic), F.Number(scale, x))));
        Value slope = F.Add(Times(square, 3 * scale * Cubic), F.Number(scale, x));
        Value inner = F.Multiply(F.Multiply(x, slope), OneMinus(Square(tangent)));
        return F.Multiply(g, Times(F.Add(F.Add(tangent, F.Number(1, x)), inner), 0.5));
    }

    /// <summary>x · σ(αx): σ + αx · σ · (1 - σ).</summary>
    private Value Swish(Value g)
    {
        Value scaled = Times(X(0), node.FloatAttribute("alpha", 1)), sigmoid = F.Apply("Sigmoid", scaled);
        return F.Multiply(g, F.Multiply(sigmoid, F.Add(F.Multiply(scaled, OneMinus(sigmoid)), F.Number(1, scaled))));
    }
}
