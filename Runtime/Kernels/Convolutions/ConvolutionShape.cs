namespace Cameo.Kernels;

/// <summary>All sizes of a convolution: input [Batch, InputChannels, Depth, Height, Width] to output [Batch, OutputChannels, Depth, Height, Width].</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="InputChannels">Channels of the input, over all groups.</param>
/// <param name="OutputChannels">Channels of the output, over all groups.</param>
/// <param name="Groups">Number of groups; divides both numbers of channels.</param>
/// <param name="Depth">The outermost spatial axis; <see cref="SpatialAxis.Single"/> for 1-D and 2-D.</param>
/// <param name="Height">The middle spatial axis; <see cref="SpatialAxis.Single"/> for 1-D.</param>
/// <param name="Width">The innermost, contiguous spatial axis.</param>
public readonly record struct ConvolutionShape(
    int Batch,
    int InputChannels,
    int OutputChannels,
    int Groups,
    SpatialAxis Depth,
    SpatialAxis Height,
    SpatialAxis Width)
{
    /// <summary>Input channels of one group.</summary>
    public int GroupInputs => InputChannels / Groups;

    /// <summary>Output channels of one group.</summary>
    public int GroupOutputs => OutputChannels / Groups;

    /// <summary>Taps of the kernel over all axes.</summary>
    public int Taps => Depth.Kernel * Height.Kernel * Width.Kernel;

    /// <summary>Elements of one channel of one input image.</summary>
    public nint InputPlane => (nint)Depth.Input * Height.Input * Width.Input;

    /// <summary>Elements of one channel of one output image.</summary>
    public nint OutputPlane => (nint)Depth.Output * Height.Output * Width.Output;

    /// <summary>Panels of 16 output channels in one group of the packed weights.</summary>
    internal int GroupPanels => (GroupOutputs + Convolution.PanelChannels - 1) / Convolution.PanelChannels;

    /// <summary>Products that one output element sums.</summary>
    internal nint ReductionLength => (nint)GroupInputs * Taps;

    internal bool IsEmpty => Batch == 0 || OutputChannels == 0 || OutputPlane == 0;

    /// <exception cref="ArgumentException">A size is out of range or the groups do not divide the channels.</exception>
    internal void Validate()
    {
        if (Batch < 0 || InputChannels < 0 || OutputChannels < 0 || Groups < 1 || InputChannels % Groups != 0 || OutputChannels % Groups != 0)
        {
            throw new ArgumentException(
                $"Groups ({Groups}) must divide the input channels ({InputChannels}) and output channels ({OutputChannels}); batch is {Batch}.",
                nameof(Groups));
        }

        Depth.Validate(nameof(Depth));
        Height.Validate(nameof(Height));
        Width.Validate(nameof(Width));
    }
}
