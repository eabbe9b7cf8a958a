namespace Cameo.Images.WebP;

/// <summary>Factors of the coefficients of a segment: constant and varying terms of luma, of the luma blocks' constant terms, and of chroma.</summary>
internal sealed class Vp8Factors(int index, int[] deltas)
{
    private const int Largest = 127, LargestChromaConstant = 117;

    public (int Constant, int Varying) Luma { get; } = (Constant(index + deltas[0], Largest), Varying(index));

    /// <summary>Doubled and times 1.55, at least 8.</summary>
    public (int Constant, int Varying) Second { get; } = (Constant(index + deltas[1], Largest) * 2, Math.Max(Varying(index + deltas[2]) * 155 / 100, 8));

    public (int Constant, int Varying) Chroma { get; } = (Constant(index + deltas[3], LargestChromaConstant), Varying(index + deltas[4]));

    private static int Constant(int index, int largest) => Vp8Tables.ConstantFactors[Math.Clamp(index, 0, largest)];

    private static int Varying(int index) => Vp8Tables.VaryingFactors[Math.Clamp(index, 0, Largest)];
}
