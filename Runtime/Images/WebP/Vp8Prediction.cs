namespace Cameo.Images.WebP;

/// <summary>Predictions of blocks from the samples above and to the left (RFC 6386, section 12).</summary>
internal static class Vp8Prediction
{
    /// <summary>The modes of large blocks; those of small ones begin with the same.</summary>
    public const int Average = 0, Gradient = 1, Vertical = 2, Horizontal = 3;

    private const int DownRight = 4, VerticalRight = 5, DownLeft = 6, VerticalLeft = 7, HorizontalDown = 8;

    /// <summary>A block of 16 or 8 samples a side.</summary>
    public static void Large(byte[] samples, int place, int stride, int size, int mode, bool hasAbove, bool hasLeft)
    {
        if (mode == Average)
        {
            int sum = 0, count = (hasAbove ? size : 0) + (hasLeft ? size : 0);
            for (int index = 0; index < size; index++)
            {
                sum += (hasAbove ? samples[place - stride + index] : 0) + (hasLeft ? samples[place + (index * stride) - 1] : 0);
            }

            byte average = count == 0 ? (byte)128 : (byte)((sum + (count / 2)) / count);
            for (int row = 0; row < size; row++)
            {
                samples.AsSpan(place + (row * stride), size).Fill(average);
            }

            return;
        }

        for (int row = 0; row < size; row++)
        {
            int start = place + (row * stride), left = samples[start - 1], corner = samples[place - stride - 1];
            for (int column = 0; column < size; column++)
            {
                int above = samples[place - stride + column];
                samples[start + column] = mode == Vertical ? (byte)above : mode == Horizontal ? (byte)left : Vp8Transforms.Limit(left + above - corner);
            }
        }
    }

    /// <summary>A block of 4 × 4 samples.</summary>
    /// <param name="samples">The plane.</param>
    /// <param name="place">The first sample.</param>
    /// <param name="stride">Samples of a row.</param>
    /// <param name="mode">One of ten.</param>
    /// <param name="right">The four samples above and to the right.</param>
    public static void Small(byte[] samples, int place, int stride, int mode, ReadOnlySpan<byte> right)
    {
        // From the lowest on the left up to the corner, edge[4], and on to the right.
        Span<int> edge = stackalloc int[13];
        for (int index = 0; index < 4; index++)
        {
            edge[3 - index] = samples[place + (index * stride) - 1];
            edge[5 + index] = samples[place - stride + index];
            edge[9 + index] = right[index];
        }

        edge[4] = samples[place - stride - 1];
        int average = (edge[0] + edge[1] + edge[2] + edge[3] + edge[5] + edge[6] + edge[7] + edge[8] + 4) >> 3;
        for (int row = 0; row < 4; row++)
        {
            for (int column = 0; column < 4; column++)
            {
                samples[place + (row * stride) + column] = (byte)(mode switch
                {
                    Average => average,
                    Gradient => Vp8Transforms.Limit(edge[3 - row] + edge[5 + column] - edge[4]),
                    Vertical => Smooth(edge, 5 + column),
                    Horizontal => row == 3 ? (edge[1] + (3 * edge[0]) + 2) >> 2 : Smooth(edge, 3 - row),
                    DownRight => Smooth(edge, 4 + column - row),
                    DownLeft => row + column == 6 ? (edge[11] + (3 * edge[12]) + 2) >> 2 : Smooth(edge, 6 + row + column),
                    VerticalRight => column - (row / 2) < 0 ? Smooth(edge, 5 - row) : row % 2 == 0 ? Middle(edge, 4 + column - (row / 2)) : Smooth(edge, 4 + column - (row / 2)),
                    HorizontalDown => row - (column / 2) < 0 ? Smooth(edge, 3 + column) : column % 2 == 0 ? Middle(edge, 3 - row + (column / 2)) : Smooth(edge, 4 - row + (column / 2)),
                    VerticalLeft => column == 3 && row >= 2 ? Smooth(edge, 8 + row) : row % 2 == 0 ? Middle(edge, 5 + column + (row / 2)) : Smooth(edge, 6 + column + (row / 2)),
                    _ => Up(edge, column + (2 * row)),
                });
            }
        }
    }

    private static int Up(ReadOnlySpan<int> edge, int step) => step switch
    {
        > 5 => edge[0],
        5 => (edge[1] + (3 * edge[0]) + 2) >> 2,
        _ => step % 2 == 0 ? Middle(edge, 2 - (step / 2)) : Smooth(edge, 2 - (step / 2)),
    };

    private static int Middle(ReadOnlySpan<int> edge, int index) => (edge[index] + edge[index + 1] + 1) >> 1;

    private static int Smooth(ReadOnlySpan<int> edge, int index) => (edge[index - 1] + (2 * edge[index]) + edge[index + 1] + 2) >> 2;
}
