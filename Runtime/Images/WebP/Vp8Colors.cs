namespace Cameo.Images.WebP;

/// <summary>Luma and chroma as pixels: chroma is 9/16 of the nearest sample, 3/16 of two others and 1/16 of the fourth.</summary>
internal static class Vp8Colors
{
    public static RasterImage Convert(Vp8Plane[] planes, int width, int height)
    {
        RasterImage image = RasterImage.Create(width, height, 3);
        int columns = (width + 1) / 2, rows = (height + 1) / 2;
        for (int y = 0; y < height; y++)
        {
            int near = y / 2, far = Math.Clamp(y % 2 == 0 ? near - 1 : near + 1, 0, rows - 1);
            for (int x = 0; x < width; x++)
            {
                int left = x / 2, other = Math.Clamp(x % 2 == 0 ? left - 1 : left + 1, 0, columns - 1);
                int luma = planes[0].Samples[planes[0].Place(y, x)], u = Chroma(planes[1], near, far, left, other), v = Chroma(planes[2], near, far, left, other);
                Span<byte> pixel = image.Pixels.AsSpan(((y * width) + x) * 3, 3);
                pixel[0] = Limit(High(luma, 19077) + High(v, 26149) - 14234);
                pixel[1] = Limit(High(luma, 19077) - High(u, 6419) - High(v, 13320) + 8708);
                pixel[2] = Limit(High(luma, 19077) + High(u, 33050) - 17685);
            }
        }

        return image;
    }

    /// <summary>Rounded in the order that decoders have in common: first the mean of the two diagonals, then that of it and the nearest sample.</summary>
    private static int Chroma(Vp8Plane plane, int near, int far, int left, int other)
    {
        int a = plane.Samples[plane.Place(near, left)];
        if (left == other)
        {
            return ((3 * a) + plane.Samples[plane.Place(far, left)] + 2) >> 2;
        }

        int b = plane.Samples[plane.Place(near, other)], c = plane.Samples[plane.Place(far, left)], d = plane.Samples[plane.Place(far, other)];
        int diagonal = (a + b + c + d + 8 + (2 * (b + c))) >> 3;
        return (diagonal + a) >> 1;
    }

    private static int High(int value, int factor) => (value * factor) >> 8;

    /// <summary>6 bits of fraction are cut off.</summary>
    private static byte Limit(int value) => (byte)Math.Clamp(value >> 6, 0, 255);
}
