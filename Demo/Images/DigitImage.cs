namespace Cameo.Demo.Images;

/// <summary>
/// Turns an image of a digit into the 28 × 28 pixels the classifier was trained on: 0 is paper, 1 is ink. An image of that
/// size keeps its pixels; any other is prepared as MNIST was: the digit's box scaled to fit 20 × 20 pixels, its centre of
/// mass put in the middle.
/// </summary>
public static class DigitImage
{
    public const int Side = 28;
    private const int Box = 20;

    /// <summary>Ink fainter than this is noise of the paper and does not count for the digit's box.</summary>
    private const float FaintInk = 0.2f;

    public static float[] Prepare(GreyImage image)
    {
        float[] ink = Ink(image, stretch: image.Width != Side || image.Height != Side);
        return image.Width == Side && image.Height == Side ? ink : Centre(ink, image.Width, image.Height);
    }

    /// <summary>The paper is what the border shows; ink is the distance from it.</summary>
    private static float[] Ink(GreyImage image, bool stretch)
    {
        float paper = Border(image) >= 127.5 ? 255 : 0;
        float[] ink = new float[image.Pixels.Length];
        for (int i = 0; i < ink.Length; i++)
        {
            ink[i] = Math.Abs(paper - image.Pixels[i]) / 255;
        }

        if (stretch)
        {
            // A photograph's paper is not white and its ink not black: the full range is what lies between them.
            float lightest = ink.Min(), darkest = ink.Max();
            if (darkest - lightest < FaintInk)
            {
                throw new ImageFormatException("the image shows no digit: it has hardly any contrast");
            }

            for (int i = 0; i < ink.Length; i++)
            {
                ink[i] = (ink[i] - lightest) / (darkest - lightest);
            }
        }

        return ink;
    }

    private static double Border(GreyImage image)
    {
        double sum = 0;
        int count = 0;
        for (int y = 0; y < image.Height; y++)
        {
            int step = y == 0 || y == image.Height - 1 ? 1 : Math.Max(1, image.Width - 1);
            for (int x = 0; x < image.Width; x += step)
            {
                sum += image[x, y];
                count++;
            }
        }

        return sum / count;
    }

    private static float[] Centre(float[] ink, int width, int height)
    {
        (int left, int top, int right, int bottom) = FindBox(ink, width, height);
        double scale = (double)Math.Max(right - left, bottom - top) / Box;
        int columns = Math.Clamp((int)Math.Round((right - left) / scale), 1, Box);
        int rows = Math.Clamp((int)Math.Round((bottom - top) / scale), 1, Box);
        float[] small = new float[columns * rows];
        double mass = 0, massX = 0, massY = 0;
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < columns; x++)
            {
                float value = Average(ink, width, left + x * scale, top + y * scale, scale, right, bottom);
                small[y * columns + x] = value;
                mass += value;
                massX += value * (x + 0.5);
                massY += value * (y + 0.5);
            }
        }

        // 20 pixels always fit: the centre of mass lies inside the box, so clamping matters only for odd shapes.
        int offsetX = Math.Clamp((int)Math.Round(Side / 2.0 - massX / mass), 0, Side - columns);
        int offsetY = Math.Clamp((int)Math.Round(Side / 2.0 - massY / mass), 0, Side - rows);
        float[] result = new float[Side * Side];
        for (int y = 0; y < rows; y++)
        {
            small.AsSpan(y * columns, columns).CopyTo(result.AsSpan((offsetY + y) * Side + offsetX));
        }

        return result;
    }

    private static (int Left, int Top, int Right, int Bottom) FindBox(float[] ink, int width, int height)
    {
        int left = width, top = height, right = 0, bottom = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (ink[y * width + x] > FaintInk)
                {
                    left = Math.Min(left, x);
                    right = Math.Max(right, x + 1);
                    top = Math.Min(top, y);
                    bottom = Math.Max(bottom, y + 1);
                }
            }
        }

        return (left, top, right, bottom);
    }

    /// <summary>Mean of a square of the source, its cut pixels weighted by their share; outside the box is paper.</summary>
    private static float Average(float[] ink, int width, double left, double top, double size, int right, int bottom)
    {
        double sum = 0;
        for (int y = (int)top; y < top + size && y < bottom; y++)
        {
            double covered = Math.Min(y + 1, top + size) - Math.Max(y, top);
            for (int x = (int)left; x < left + size && x < right; x++)
            {
                sum += covered * (Math.Min(x + 1, left + size) - Math.Max(x, left)) * ink[y * width + x];
            }
        }

        return (float)(sum / (size * size));
    }
}
