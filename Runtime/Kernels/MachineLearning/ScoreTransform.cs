namespace Cameo.Kernels;

/// <summary>What ONNX's classical models do with the scores of a row at last, by the numbers of <c>post_transform</c>.</summary>
public enum ScoreTransform
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Exponentials that sum to 1.</summary>
    Softmax = 1,

    /// <summary>1 / (1 + e⁻ˣ), each score by itself.</summary>
    Logistic = 2,

    /// <summary>Exponentials of those scores that are not 0.</summary>
    SoftmaxZero = 3,

    /// <summary>The inverse of the normal distribution's cumulative function.</summary>
    Probit = 4,
}
