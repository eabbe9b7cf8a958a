namespace Cameo.Kernels;

/// <summary>The taps of one window along one axis that lie inside the input.</summary>
internal readonly struct PoolingWindow
{
    /// <summary>Input coordinate of the first tap inside; meaningless without one.</summary>
    public readonly int First;

    /// <summary>Taps inside the input.</summary>
    public readonly int Count;

    /// <summary>Taps inside the input or its padding.</summary>
    public readonly int PaddedCount;

    public PoolingWindow(SpatialAxis axis, int output)
    {
        int start = (output * axis.Stride) - axis.PadBegin;
        int begin = Math.Max(0, Taps(-start, axis.Dilation));
        int end = Math.Min(axis.Kernel, Taps(axis.Input - start, axis.Dilation));
        First = start + (begin * axis.Dilation);
        Count = Math.Max(0, end - begin);
        PaddedCount = Math.Clamp(Taps(axis.Input + axis.PadEnd - start, axis.Dilation), 0, axis.Kernel);
    }

    /// <summary>Elements that an average divides by.</summary>
    public int Divisor(bool includePadding) => includePadding ? PaddedCount : Count;

    /// <summary>Taps that begin within a distance; a window is made for every row, and divisions took a good part of small poolings.</summary>
    private static int Taps(int distance, int dilation) => dilation == 1 ? distance : ConvolutionAxis.CeilingDivide(distance, dilation);
}
