namespace Cameo.Images.Jpeg;

/// <summary>
/// The inverse cosine transform of 8 × 8 blocks in integers, after Loeffler, Ligtenberg and Moschytz (1989): 13 bits for the constants, 2 more bits between columns and rows. It is the
/// arithmetic that other decoders have by default, bit by bit, so that lossy images come out the same.
/// </summary>
internal static class JpegInverseTransform
{
    private const int ConstantBits = 13, PassBits = 2;

    // The square roots and cosines of the algorithm, times 2^13.
    private const int Fix0298 = 2446, Fix0390 = 3196, Fix0541 = 4433, Fix0765 = 6270, Fix0899 = 7373, Fix1175 = 9633, Fix1501 = 12299, Fix1847 = 15137, Fix1961 = 16069, Fix2053 = 16819,
        Fix2562 = 20995, Fix3072 = 25172;

    /// <summary>Place in a block of each coefficient of a scan.</summary>
    public static ReadOnlySpan<byte> NaturalOrder =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
        58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    /// <summary>Writes the 64 samples of a block.</summary>
    /// <param name="coefficients">In natural order.</param>
    /// <param name="quantization">In natural order.</param>
    /// <param name="samples">First sample.</param>
    /// <param name="stride">Samples of a row.</param>
    public static void Run(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantization, Span<byte> samples, int stride)
    {
        Span<int> work = stackalloc int[64];
        Span<int> lane = stackalloc int[8];
        for (int column = 0; column < 8; column++)
        {
            for (int row = 0; row < 8; row++)
            {
                lane[row] = coefficients[(row * 8) + column] * quantization[(row * 8) + column];
            }

            Transform(lane, ConstantBits - PassBits);
            for (int row = 0; row < 8; row++)
            {
                work[(row * 8) + column] = lane[row];
            }
        }

        for (int row = 0; row < 8; row++)
        {
            Span<int> line = work.Slice(row * 8, 8);
            Transform(line, ConstantBits + PassBits + 3);
            for (int column = 0; column < 8; column++)
            {
                samples[(row * stride) + column] = (byte)Math.Clamp(line[column] + 128, 0, 255);
            }
        }
    }

    private static void Transform(Span<int> x, int shift)
    {
        int z1 = (x[2] + x[6]) * Fix0541;
        int even2 = z1 - (x[6] * Fix1847), even3 = z1 + (x[2] * Fix0765);
        int even0 = (x[0] + x[4]) << ConstantBits, even1 = (x[0] - x[4]) << ConstantBits;
        int sum0 = even0 + even3, sum3 = even0 - even3, sum1 = even1 + even2, sum2 = even1 - even2;

        int z5 = (x[7] + x[3] + x[5] + x[1]) * Fix1175;
        int first = -(x[7] + x[1]) * Fix0899, second = -(x[5] + x[3]) * Fix2562, third = z5 - ((x[7] + x[3]) * Fix1961), fourth = z5 - ((x[5] + x[1]) * Fix0390);
        int odd0 = (x[7] * Fix0298) + first + third, odd1 = (x[5] * Fix2053) + second + fourth, odd2 = (x[3] * Fix3072) + second + third, odd3 = (x[1] * Fix1501) + first + fourth;

        int half = 1 << (shift - 1);
        x[0] = (sum0 + odd3 + half) >> shift;
        x[7] = (sum0 - odd3 + half) >> shift;
        x[1] = (sum1 + odd2 + half) >> shift;
        x[6] = (sum1 - odd2 + half) >> shift;
        x[2] = (sum2 + odd1 + half) >> shift;
        x[5] = (sum2 - odd1 + half) >> shift;
        x[3] = (sum3 + odd0 + half) >> shift;
        x[4] = (sum3 - odd0 + half) >> shift;
    }
}
