namespace Cameo.Images.Jpeg;

/// <summary>A component of a frame with its coefficients.</summary>
internal sealed class JpegComponent
{
    public int Identifier { get; init; }

    /// <summary>Samples across, relative to other components.</summary>
    public int Horizontal { get; init; }

    /// <summary>Samples down, relative to other components.</summary>
    public int Vertical { get; init; }

    public int QuantizationTable { get; init; }

    /// <summary>The factors of <see cref="QuantizationTable"/> as they are when the component's first scan begins, in zigzag order.</summary>
    public ushort[]? Quantization { get; set; }

    /// <summary>Samples that belong to the image, without what fills blocks.</summary>
    public int Width { get; set; }

    public int Height { get; set; }

    /// <summary>Blocks that scans of this component alone have.</summary>
    public int BlocksAcross { get; set; }

    public int BlocksDown { get; set; }

    /// <summary>Blocks of a row in memory: those of whole units of all components.</summary>
    public int BlockStride { get; set; }

    public int BlockRows { get; set; }

    /// <summary>64 a block, in natural order.</summary>
    public short[] Coefficients { get; set; } = [];

    /// <summary>The constant term of the block before.</summary>
    public int Prediction { get; set; }

    public JpegHuffmanTable? ConstantTable { get; set; }

    public JpegHuffmanTable? VaryingTable { get; set; }

    public Span<short> Block(int row, int column) => Coefficients.AsSpan(((row * BlockStride) + column) * 64, 64);
}
