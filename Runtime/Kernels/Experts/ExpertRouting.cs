namespace Cameo.Kernels;

/// <summary>How the weights of a token's experts follow from the router's numbers.</summary>
public enum ExpertRouting
{
    /// <summary>A softmax over all experts.</summary>
    Softmax,

    /// <summary>A softmax over the chosen experts.</summary>
    NormalizedSoftmax,

    /// <summary>The numbers of another tensor.</summary>
    Given,

    /// <summary>The numbers of another tensor, divided by their sum over the chosen experts.</summary>
    NormalizedGiven,

    /// <summary>Two experts, each with a softmax over those that come close to it (SparseMixer: https://arxiv.org/abs/2310.00811).</summary>
    SparseMixer,
}
