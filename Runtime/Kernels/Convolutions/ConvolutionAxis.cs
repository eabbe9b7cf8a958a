namespace Cameo.Kernels;

/// <summary>
/// How the positions along one axis of a tile walk over the input. Entry j of phase p of a tile holds the input coordinate
/// <c>(first position + j) · Step + offset of p + Origin</c>, zero outside the input; a tap is then a phase and a fixed shift
/// in entries, so that every stride and dilation becomes a convolution with stride 1 over contiguous entries.
/// </summary>
internal readonly struct ConvolutionAxis
{
    private readonly int _dilation;

    private ConvolutionAxis(int positions, int input, int step, int dilation, int phases, int extent, int origin)
    {
        Positions = positions;
        Input = input;
        Step = step;
        _dilation = dilation;
        Phases = phases;
        Extent = extent;
        Origin = origin;
    }

    /// <summary>Positions along the axis: output elements, or output elements of one phase of a transposed convolution.</summary>
    public int Positions { get; }

    public int Input { get; }

    /// <summary>Input elements between two positions.</summary>
    public int Step { get; }

    /// <summary>Residues modulo <see cref="Step"/> that taps fall into; each is kept as a plane of its own.</summary>
    public int Phases { get; }

    /// <summary>Largest shift of a tap, in entries.</summary>
    public int Extent { get; }

    /// <summary>Input coordinate of entry 0 of phase 0 at position 0; negative in the padding.</summary>
    public int Origin { get; }

    /// <summary>Input coordinate at <see cref="Origin"/> 0 of the first entry of a phase.</summary>
    public int PhaseOffset(int phase) => (int)((long)phase * _dilation % Step);

    public static ConvolutionAxis Forward(SpatialAxis axis)
    {
        // The residue of tap k is k · dilation modulo stride, which repeats after stride / gcd taps.
        int period = axis.Stride / GreatestCommonDivisor(axis.Stride, axis.Dilation);
        return new ConvolutionAxis(
            axis.Output,
            axis.Input,
            axis.Stride,
            axis.Dilation,
            Math.Min(axis.Kernel, period),
            (axis.Kernel - 1) * axis.Dilation / axis.Stride,
            -axis.PadBegin);
    }

    /// <summary>
    /// Output q · stride + p of a transposed convolution takes tap k from input <c>q + (p + pad − k · dilation) / stride</c> where that
    /// divides: for each p an ordinary convolution with stride 1 and some of the taps.
    /// </summary>
    public static ConvolutionAxis Transposed(SpatialAxis axis)
    {
        int smallest = CeilingDivide(axis.PadBegin - ((axis.Kernel - 1) * axis.Dilation), axis.Stride);
        int largest = FloorDivide(axis.Stride - 1 + axis.PadBegin, axis.Stride);
        return new ConvolutionAxis(
            CeilingDivide(axis.Output, axis.Stride), axis.Input, 1, 1, 1, Math.Max(0, largest - smallest), smallest);
    }

    /// <summary>First entry at or after 0 of a row whose coordinate is at least <paramref name="coordinate"/>, when entry 0 has coordinate <paramref name="start"/>.</summary>
    public int EntriesBefore(int coordinate, int start) => Math.Max(0, CeilingDivide(coordinate - start, Step));

    public static int CeilingDivide(int dividend, int divisor) => -FloorDivide(-dividend, divisor);

    public static int FloorDivide(int dividend, int divisor)
    {
        int quotient = dividend / divisor;
        return dividend % divisor < 0 ? quotient - 1 : quotient;
    }

    private static int GreatestCommonDivisor(int left, int right)
    {
        while (right != 0)
        {
            (left, right) = (right, left % right);
        }

        return left;
    }
}
