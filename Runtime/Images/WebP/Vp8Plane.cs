namespace Cameo.Images.WebP;

/// <summary>Samples with a row above, a column to the left and some more to the right, which predictions read beyond the edges.</summary>
internal sealed class Vp8Plane
{
    private const int Right = 4;

    public Vp8Plane(int width, int height)
    {
        Stride = width + 1 + Right;
        Samples = new byte[(height + 1) * Stride];
        Samples.AsSpan(0, Stride).Fill(127);
        for (int row = 1; row <= height; row++)
        {
            Samples[row * Stride] = 129;
        }
    }

    public int Stride { get; }

    public byte[] Samples { get; }

    public int Place(int row, int column) => ((row + 1) * Stride) + column + 1;
}
