namespace Cameo.Tests.Kernels.Quantized;

/// <summary>How a test matrix has its zero points.</summary>
public enum ZeroPointKind
{
    /// <summary>The format's own.</summary>
    None,

    /// <summary>Integers of the stored type.</summary>
    Bytes,

    /// <summary>Numbers with a fraction.</summary>
    Floats,
}
