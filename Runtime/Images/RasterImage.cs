namespace Cameo.Images;

/// <summary>A decoded image: rows from the top, pixels from the left, 8 bits a number.</summary>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Channels">1 for gray, 3 for red, green and blue.</param>
/// <param name="Pixels">[Height, Width, Channels].</param>
internal sealed record RasterImage(int Width, int Height, int Channels, byte[] Pixels)
{
    /// <summary>Larger images than this are taken for an attack: 256 million pixels.</summary>
    private const long MaximumPixels = 1L << 28;

    /// <summary>An image of zeros; refuses sizes that cannot be.</summary>
    public static RasterImage Create(long width, long height, int channels)
    {
        RequireSize(width, height);
        return new RasterImage((int)width, (int)height, channels, new byte[width * height * channels]);
    }

    public static void RequireSize(long width, long height)
    {
        if (width < 1 || height < 1 || width > int.MaxValue || height > int.MaxValue || width * height > MaximumPixels)
        {
            throw new InvalidImageException($"an image of {width} × {height} pixels is not possible; the largest has {MaximumPixels} pixels.");
        }
    }

    /// <summary>Writes the pixels as another format has them.</summary>
    public void CopyTo(Span<byte> target, PixelFormat format)
    {
        int stored = format == PixelFormat.Grayscale ? 1 : 3;
        for (int pixel = 0; pixel < Width * Height; pixel++)
        {
            ReadOnlySpan<byte> from = Pixels.AsSpan(pixel * Channels, Channels);
            byte red = from[0], green = from[Channels / 2], blue = from[Channels - 1];
            Span<byte> to = target.Slice(pixel * stored, stored);
            if (stored == 1)
            {
                // 0.299, 0.587 and 0.114 of 65536.
                to[0] = Channels == 1 ? red : (byte)(((19595 * red) + (38470 * green) + (7471 * blue) + 0x8000) >> 16);
            }
            else
            {
                (to[0], to[1], to[2]) = format == PixelFormat.Rgb ? (red, green, blue) : (blue, green, red);
            }
        }
    }
}
