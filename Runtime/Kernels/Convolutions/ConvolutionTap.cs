namespace Cameo.Kernels;

/// <summary>Where one tap of a kernel finds its operands: element offsets inside one input channel's tile and one panel's input channel.</summary>
internal readonly struct ConvolutionTap(nint input, nint weight)
{
    public readonly nint Input = input;
    public readonly nint Weight = weight;
}
