namespace Cameo.Kernels;

/// <summary>
/// A convolution of 8-bit integers seen as one of int16 pairs with half of the products. An element of the input becomes the pair of itself and its neighbour: the
/// same pixel of the next channel, or the next tap's pixel in the row.
/// </summary>
internal readonly struct PairShape
{
    /// <summary>The convolution of bytes.</summary>
    public readonly ConvolutionShape Bytes;

    /// <summary>The convolution of pairs.</summary>
    public readonly ConvolutionShape Pairs;

    /// <summary>Whether the two of a pair are neighbours in a row rather than channels.</summary>
    public readonly bool IsAlongRow;

    public PairShape(in ConvolutionShape shape)
    {
        Bytes = shape;
        int channels = (shape.GroupInputs + 1) / 2;
        int kernel = (shape.Width.Kernel + 1) / 2;

        // Whichever leaves fewer pairs half empty; a stride takes the elements of a row apart.
        IsAlongRow = shape.Width.Stride == 1 && (long)kernel * shape.GroupInputs < (long)channels * shape.Width.Kernel;
        Pairs = IsAlongRow
            ? shape with
            {
                // Pair j of a row is elements j − dilation and j: the first pairs begin in the padding.
                Width = shape.Width with
                {
                    Input = shape.Width.Input + shape.Width.Dilation,
                    Kernel = kernel,
                    Dilation = 2 * shape.Width.Dilation,
                    PadBegin = shape.Width.PadBegin - shape.Width.Dilation,
                },
            }
            : shape with { InputChannels = channels * shape.Groups };
    }
}
