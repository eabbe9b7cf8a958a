namespace Cameo.Kernels;

/// <summary>What attention gives for a query that may see no key.</summary>
public enum FullyMaskedRows
{
    /// <summary>0, as ONNX's Attention.</summary>
    Zero,

    /// <summary>NaN, as a softmax over nothing but -∞.</summary>
    NaN,

    /// <summary>The mean of all values, as a softmax over equal scores: masks that add a large negative number instead of -∞ end there.</summary>
    Uniform,
}
