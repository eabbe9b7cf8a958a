using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>The scratch memory of one part of a convolution, cut into what it needs; every piece starts on a cache line.</summary>
internal readonly unsafe struct ConvolutionScratch
{
    private const nint LineFloats = 16;

    public readonly ConvolutionTap* Taps;

    /// <summary>First tap of each phase of a transposed convolution, and the end of the last.</summary>
    public readonly int* PhaseStarts;
    public readonly float* Tile;
    public readonly float* Results;

    /// <summary>Results of one channel without gaps.</summary>
    public readonly float* Compact;

    public ConvolutionScratch(
        Workers workers, int part, int taps, int phaseStarts, nint tileFloats, nint resultFloats, nint compactFloats)
    {
        nint tapFloats = Align((nint)taps * sizeof(ConvolutionTap) / sizeof(float));
        nint startFloats = Align(phaseStarts);
        nint floats = tapFloats + startFloats + Align(tileFloats) + Align(resultFloats) + Align(compactFloats);
        var memory = (float*)workers.Scratch(part, (nuint)floats * sizeof(float));
        Taps = (ConvolutionTap*)memory;
        PhaseStarts = (int*)(memory + tapFloats);
        Tile = memory + tapFloats + startFloats;
        Results = Tile + Align(tileFloats);
        Compact = Results + Align(resultFloats);
    }

    public static nint Align(nint floats) => (floats + LineFloats - 1) / LineFloats * LineFloats;
}
