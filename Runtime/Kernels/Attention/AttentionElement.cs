namespace Cameo.Kernels;

/// <summary>What the operands of an attention are stored in; it is computed in float32.</summary>
public enum AttentionElement
{
    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>16-bit floating point, <see cref="Half"/>.</summary>
    Float16,

    /// <summary>16-bit floating point with the exponents of float32, <see cref="Cameo.Vectors.BFloat16"/>.</summary>
    BFloat16,
}
