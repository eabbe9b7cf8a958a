namespace Cameo.Images.WebP;

/// <summary>The inverse transforms of RFC 6386, section 14, exact in integers.</summary>
internal static class Vp8Transforms
{
    /// <summary>Adds a block of 4 × 4 differences to its prediction.</summary>
    public static void AddCosine(ReadOnlySpan<int> coefficients, byte[] samples, int place, int stride)
    {
        Span<int> work = stackalloc int[16];
        for (int column = 0; column < 4; column++)
        {
            (work[column], work[4 + column], work[8 + column], work[12 + column]) =
                Cosine(coefficients[column], coefficients[4 + column], coefficients[8 + column], coefficients[12 + column]);
        }

        for (int row = 0; row < 4; row++)
        {
            (int a, int b, int c, int d) = Cosine(work[4 * row] + 4, work[(4 * row) + 1], work[(4 * row) + 2], work[(4 * row) + 3]);
            Span<byte> line = samples.AsSpan(place + (row * stride), 4);
            line[0] = Limit(line[0] + (a >> 3));
            line[1] = Limit(line[1] + (b >> 3));
            line[2] = Limit(line[2] + (c >> 3));
            line[3] = Limit(line[3] + (d >> 3));
        }
    }

    /// <summary>The constant terms of the 16 luma blocks.</summary>
    public static void Hadamard(ReadOnlySpan<int> input, Span<int> blocks)
    {
        Span<int> work = stackalloc int[16];
        for (int column = 0; column < 4; column++)
        {
            (work[column], work[4 + column], work[8 + column], work[12 + column]) = Hadamard(input[column], input[4 + column], input[8 + column], input[12 + column]);
        }

        for (int row = 0; row < 4; row++)
        {
            (int a, int b, int c, int d) = Hadamard(work[4 * row], work[(4 * row) + 1], work[(4 * row) + 2], work[(4 * row) + 3]);
            (blocks[64 * row], blocks[(64 * row) + 16], blocks[(64 * row) + 32], blocks[(64 * row) + 48]) = ((a + 3) >> 3, (b + 3) >> 3, (c + 3) >> 3, (d + 3) >> 3);
        }
    }

    public static byte Limit(int value) => (byte)Math.Clamp(value, 0, 255);

    private static (int A, int B, int C, int D) Cosine(int first, int second, int third, int fourth)
    {
        int a = first + third, b = first - third;
        int c = Sine(second) - WideCosine(fourth), d = WideCosine(second) + Sine(fourth);
        return (a + d, b + c, b - c, a - d);
    }

    private static (int A, int B, int C, int D) Hadamard(int first, int second, int third, int fourth)
    {
        int a = first + fourth, b = second + third, c = second - third, d = first - fourth;
        return (a + b, c + d, a - b, d - c);
    }

    // √2 sin(π/8) and √2 cos(π/8), times 65536; of the second what is above 1.
    private static int Sine(int value) => (value * 35468) >> 16;

    private static int WideCosine(int value) => value + ((value * 20091) >> 16);
}
