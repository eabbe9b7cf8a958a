namespace Cameo.Kernels;

/// <summary>One spatial axis of a convolution or pooling; all sizes in elements.</summary>
/// <param name="Input">Size of the input along the axis.</param>
/// <param name="Output">Size of the output along the axis; <c>ceil_mode</c>, <c>auto_pad</c> and <c>output_padding</c> have already gone into it.</param>
/// <param name="Kernel">Number of taps along the axis.</param>
/// <param name="Stride">Input elements between two output elements (of a transposed convolution: the reverse).</param>
/// <param name="Dilation">Input elements between two taps (of a transposed convolution: output elements).</param>
/// <param name="PadBegin">Padding before the first element.</param>
/// <param name="PadEnd">Padding after the last element. Only average pooling that counts its padding looks at it.</param>
public readonly record struct SpatialAxis(
    int Input,
    int Output,
    int Kernel = 1,
    int Stride = 1,
    int Dilation = 1,
    int PadBegin = 0,
    int PadEnd = 0)
{
    /// <summary>An axis of size 1, for the axes that a 1-D or 2-D operator lacks.</summary>
    public static SpatialAxis Single => new(1, 1);

    /// <summary>Whether output element i depends on input element i alone.</summary>
    internal bool IsPointwise => Kernel == 1 && Stride == 1 && PadBegin == 0 && Input == Output;

    internal void Validate(string parameter)
    {
        if (Input < 0 || Output < 0 || Kernel < 1 || Stride < 1 || Dilation < 1)
        {
            throw new ArgumentException(
                $"Input ({Input}) and output ({Output}) must not be negative; kernel ({Kernel}), stride ({Stride}) and dilation ({Dilation}) must be at least 1.",
                parameter);
        }
    }
}
