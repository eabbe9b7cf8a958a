namespace Cameo.Kernels;

/// <summary>How the samples of a part of a region become one number.</summary>
public enum RoiPooling
{
    /// <summary>Their mean.</summary>
    Average,

    /// <summary>The largest product of an element and its weight, as ONNX defines it: not the largest interpolated sample.</summary>
    Maximum,
}
