namespace Cameo.Kernels;

/// <summary>All sizes of a pooling: input [Batch, Channels, Depth, Height, Width] to output [Batch, Channels, Depth, Height, Width].</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="Channels">Channels of input and output.</param>
/// <param name="Depth">The outermost spatial axis; <see cref="SpatialAxis.Single"/> for 1-D and 2-D.</param>
/// <param name="Height">The middle spatial axis; <see cref="SpatialAxis.Single"/> for 1-D.</param>
/// <param name="Width">The innermost, contiguous spatial axis.</param>
public readonly record struct PoolingShape(int Batch, int Channels, SpatialAxis Depth, SpatialAxis Height, SpatialAxis Width)
{
    /// <summary>Elements of one channel of one input image.</summary>
    public nint InputPlane => (nint)Depth.Input * Height.Input * Width.Input;

    /// <summary>Elements of one channel of one output image.</summary>
    public nint OutputPlane => (nint)Depth.Output * Height.Output * Width.Output;

    /// <exception cref="ArgumentException">A size is out of range.</exception>
    internal void Validate()
    {
        if (Batch < 0 || Channels < 0)
        {
            throw new ArgumentException($"Batch ({Batch}) and channels ({Channels}) must not be negative.", nameof(Batch));
        }

        Depth.Validate(nameof(Depth));
        Height.Validate(nameof(Height));
        Width.Validate(nameof(Width));
    }
}
