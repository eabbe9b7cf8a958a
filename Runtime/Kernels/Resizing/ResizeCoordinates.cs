namespace Cameo.Kernels;

/// <summary>How a resize maps an output coordinate x to one of the input; ONNX's <c>coordinate_transformation_mode</c>.</summary>
public enum ResizeCoordinates
{
    /// <summary><c>(x + 0.5) / scale − 0.5</c>.</summary>
    HalfPixel,

    /// <summary>As <see cref="HalfPixel"/>, around the middle of the input when scale · input is not whole.</summary>
    HalfPixelSymmetric,

    /// <summary>As <see cref="HalfPixel"/>, but 0 for an output of size 1.</summary>
    PytorchHalfPixel,

    /// <summary><c>x · (input − 1) / (output − 1)</c>; 0 for an output of size 1.</summary>
    AlignCorners,

    /// <summary><c>x / scale</c>.</summary>
    Asymmetric,

    /// <summary><c>(x + 0.5) / scale</c>, of Resize-11 only.</summary>
    TensorFlowHalfPixel,

    /// <summary>A region of the input, given for each axis as parts of its size; outside of the input an extrapolation value counts.</summary>
    Region,
}
