namespace Cameo.Kernels;

/// <summary>What stands around padded data.</summary>
public enum PaddingMode
{
    /// <summary>One value.</summary>
    Constant,

    /// <summary>The data mirrored at their first and last elements, which are not repeated.</summary>
    Reflect,

    /// <summary>The nearest element.</summary>
    Edge,

    /// <summary>The data again, from their other end.</summary>
    Wrap,
}
