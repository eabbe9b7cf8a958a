namespace Cameo.Images;

/// <summary>What the numbers of a decoded pixel are.</summary>
public enum PixelFormat
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red.</summary>
    Bgr,

    /// <summary>The luma of BT.601: 0.299 red, 0.587 green, 0.114 blue.</summary>
    Grayscale,
}
