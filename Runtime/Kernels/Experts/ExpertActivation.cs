namespace Cameo.Kernels;

/// <summary>What experts do between their products.</summary>
public enum ExpertActivation
{
    /// <summary>Nothing.</summary>
    Identity,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>The Gaussian error linear unit, by its approximation with a hyperbolic tangent.</summary>
    Gelu,

    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>min(x, limit) · sigmoid(alpha · min(x, limit)), times a second product that is cut to ±limit and moved by beta.</summary>
    SwiGlu,
}
