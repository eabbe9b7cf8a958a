namespace Cameo.Kernels;

/// <summary>Up to where <see cref="AttentionScores"/> computes; the numbers are ONNX's <c>qk_matmul_output_mode</c>.</summary>
public enum AttentionScoreStage
{
    /// <summary>Scaled products of queries and keys.</summary>
    Products,

    /// <summary>After the soft cap.</summary>
    Capped,

    /// <summary>After masks, with -∞ for keys that a query may not see.</summary>
    Masked,

    /// <summary>After the softmax.</summary>
    Weights,
}
