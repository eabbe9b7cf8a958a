namespace Cameo.Kernels;

/// <summary>What a sampling reads outside the image.</summary>
public enum GridPadding
{
    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>The nearest element of the border.</summary>
    Border,

    /// <summary>The image, reflected at its borders as often as it takes.</summary>
    Reflection,
}
