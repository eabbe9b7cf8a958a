namespace Cameo.Kernels;

/// <summary>How a support vector machine compares two vectors.</summary>
public enum SupportVectorFunction
{
    /// <summary>x · v.</summary>
    Linear = 0,

    /// <summary>(gamma x · v + coef0) to the power of degree.</summary>
    Polynomial = 1,

    /// <summary>e to the power of -gamma |x - v|².</summary>
    Radial = 2,

    /// <summary>tanh(gamma x · v + coef0).</summary>
    Sigmoid = 3,
}
