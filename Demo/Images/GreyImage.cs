namespace Cameo.Demo.Images;

/// <summary>An image of grey levels from 0 (black) to 255 (white), row by row from the top.</summary>
public sealed class GreyImage
{
    /// <summary>Beyond this many pixels a file is taken for damaged; it is far more than a photographed digit needs.</summary>
    private const int MostPixels = 64 * 1024 * 1024;

    public GreyImage(int width, int height)
    {
        if (width <= 0 || height <= 0 || (long)width * height > MostPixels)
        {
            throw new ImageFormatException($"an image of {width} × {height} pixels is not supported");
        }

        Width = width;
        Height = height;
        Pixels = new byte[width * height];
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] Pixels { get; }

    public byte this[int x, int y]
    {
        get => Pixels[y * Width + x];
        set => Pixels[y * Width + x] = value;
    }

    /// <summary>Brightness of a colour by the weights of ITU-R BT.601.</summary>
    public static byte Luma(int red, int green, int blue) => (byte)((red * 299 + green * 587 + blue * 114 + 500) / 1000);
}
