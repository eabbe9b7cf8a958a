namespace Cameo.Kernels;

/// <summary>How a sampling interpolates between elements; in several axes their weights multiply.</summary>
public enum GridFilter
{
    /// <summary>The nearest element; of two equally near ones the one with the even index.</summary>
    Nearest,

    /// <summary>Between the two neighbours of an axis.</summary>
    Linear,

    /// <summary>Cubic convolution of four neighbours of an axis, with the coefficient -0.75.</summary>
    Cubic,
}
