namespace Cameo.Generator.Operators;

/// <summary>The runtime's ways to compute a convolution.</summary>
internal enum ConvolutionAlgorithm
{
    /// <summary><c>Convolution.Direct</c>: lanes along pixels.</summary>
    Direct,

    /// <summary><c>ChannelConvolution</c>: lanes along output channels.</summary>
    Channels,

    /// <summary><c>WinogradConvolution</c>: F(4×4, 3×3).</summary>
    Winograd,

    /// <summary><c>Convolution.Depthwise</c>: each channel with a kernel of its own.</summary>
    Depthwise,
}
