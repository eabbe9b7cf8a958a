namespace Cameo.Tests.Infrastructure;

/// <summary>How the runtime can be told to use narrower vectors.</summary>
public enum VectorWidthSetting
{
    /// <summary>At most 256 bits.</summary>
    Preferred256,

    /// <summary>128 bits, with fused multiply-add: the nearest thing to NEON on x64.</summary>
    Preferred128,

    /// <summary>128 bits without fused multiply-add.</summary>
    WithoutAvx2,

    /// <summary>Scalar code.</summary>
    WithoutIntrinsics,
}
