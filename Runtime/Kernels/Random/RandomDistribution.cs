namespace Cameo.Kernels;

/// <summary>How random numbers are distributed.</summary>
public enum RandomDistribution
{
    /// <summary>Evenly from the first parameter (included) to the second (excluded).</summary>
    Uniform,

    /// <summary>Normally, with the first parameter as mean and the second as standard deviation.</summary>
    Normal,
}
