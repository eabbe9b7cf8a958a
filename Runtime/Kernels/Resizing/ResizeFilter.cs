namespace Cameo.Kernels;

/// <summary>How <see cref="GeneralResize"/> weighs neighbours.</summary>
public enum ResizeFilter
{
    /// <summary>The nearest element alone.</summary>
    Nearest,

    /// <summary>Two neighbours by their distance.</summary>
    Linear,

    /// <summary>Four neighbours by cubic polynomials.</summary>
    Cubic,
}
