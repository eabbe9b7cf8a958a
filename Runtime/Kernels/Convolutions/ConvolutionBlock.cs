namespace Cameo.Kernels;

/// <summary>What the inner loops of a convolution need to know of a tile, the same for all its blocks of channels and positions.</summary>
internal readonly unsafe struct ConvolutionBlock(
    ConvolutionTap* taps, int tapCount, int channels, nint tileChannelSize, nint weightChannelSize, nint resultPitch)
{
    public readonly ConvolutionTap* Taps = taps;
    public readonly int TapCount = tapCount;

    /// <summary>Input channels to sum over.</summary>
    public readonly int Channels = channels;

    /// <summary>Floats from one input channel to the next in the tile.</summary>
    public readonly nint TileChannelSize = tileChannelSize;

    /// <summary>Floats from one input channel to the next in a panel of weights.</summary>
    public readonly nint WeightChannelSize = weightChannelSize;

    /// <summary>Floats from one output channel to the next in the results.</summary>
    public readonly nint ResultPitch = resultPitch;
}
