namespace Cameo.Kernels;

/// <summary>What each element along an axis of the output is made of.</summary>
internal unsafe struct ResizeAxisWeights
{
    /// <summary>Sizes of the input and the output.</summary>
    public long Input, Output;

    /// <summary>From one element of the axis to the next in the input.</summary>
    public long Stride;

    /// <summary>Neighbours of an element.</summary>
    public int Taps;

    /// <summary>The first neighbour of each element, which may lie before the input; the smallest number where the element is outside.</summary>
    public long* First;

    /// <summary>Weights of neighbours, [output, taps].</summary>
    public double* Weights;
}
