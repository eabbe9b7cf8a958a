namespace Cameo.Kernels;

/// <summary>Sizes of a deformable sampling, one number an axis in each list.</summary>
public readonly ref struct DeformableShape
{
    /// <summary>Number of images.</summary>
    public required long Batch { get; init; }

    /// <summary>Channels of an image.</summary>
    public required long Channels { get; init; }

    /// <summary>Groups of channels that have offsets of their own.</summary>
    public required long OffsetGroups { get; init; }

    /// <summary>Spatial sizes of the images.</summary>
    public required ReadOnlySpan<long> Input { get; init; }

    /// <summary>Sizes of the kernel.</summary>
    public required ReadOnlySpan<long> Kernel { get; init; }

    /// <summary>Spatial sizes of the result.</summary>
    public required ReadOnlySpan<long> Output { get; init; }

    /// <summary>Steps between windows.</summary>
    public required ReadOnlySpan<long> Strides { get; init; }

    /// <summary>Steps between the elements of a window.</summary>
    public required ReadOnlySpan<long> Dilations { get; init; }

    /// <summary>Padding before the first element.</summary>
    public required ReadOnlySpan<long> Pads { get; init; }
}
