namespace Cameo.Images.Jpeg;

/// <summary>Samples of components, brought to the image's size, as pixels.</summary>
internal sealed class JpegColors(int width, int height, JpegComponent[] components, bool isLuma, bool isInverted)
{
    public RasterImage Convert()
    {
        int horizontal = components.Max(static component => component.Horizontal), vertical = components.Max(static component => component.Vertical);
        byte[][] planes = [.. components.Select(component => Enlarge(component, horizontal / component.Horizontal, vertical / component.Vertical))];
        RasterImage image = RasterImage.Create(width, height, components.Length == 1 ? 1 : 3);
        for (int index = 0; index < width * height; index++)
        {
            if (components.Length == 1)
            {
                image.Pixels[index] = planes[0][index];
                continue;
            }

            Span<byte> pixel = image.Pixels.AsSpan(index * 3, 3);
            (pixel[0], pixel[1], pixel[2]) = (planes[0][index], planes[1][index], planes[2][index]);
            if (isLuma)
            {
                ConvertLuma(pixel);
            }

            if (components.Length == 4)
            {
                ApplyBlack(pixel, planes[3][index]);
            }
        }

        return image;
    }

    /// <summary>BT.601 with the full range, constants times 65536.</summary>
    private static void ConvertLuma(Span<byte> pixel)
    {
        const int Half = 1 << 15, RedOfCr = 91881, GreenOfCb = -22554, GreenOfCr = -46802, BlueOfCb = 116130;
        int y = pixel[0], cb = pixel[1] - 128, cr = pixel[2] - 128;
        pixel[0] = Limit(y + (((RedOfCr * cr) + Half) >> 16));
        pixel[1] = Limit(y + (((GreenOfCb * cb) + (GreenOfCr * cr) + Half) >> 16));
        pixel[2] = Limit(y + (((BlueOfCb * cb) + Half) >> 16));
    }

    /// <summary>Cyan, magenta, yellow and black; with Adobe's marker all four are stored inverted. Luma and chroma stand for what the inks are not.</summary>
    private void ApplyBlack(Span<byte> pixel, byte black)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            int light = isInverted != isLuma ? pixel[channel] : 255 - pixel[channel], rest = isInverted ? black : 255 - black;
            pixel[channel] = (byte)(((light * rest) + 127) / 255);
        }
    }

    private byte[] Enlarge(JpegComponent component, int across, int down)
    {
        byte[] samples = Transform(component);
        int stride = component.BlockStride * 8, columns = component.Width, rows = component.Height;
        var plane = new byte[(long)width * height];
        var wide = new int[(columns * across) + 2];
        for (int row = 0; row < height; row++)
        {
            Span<byte> to = plane.AsSpan(row * width, width);
            int source = Math.Min(row / down, rows - 1);
            ReadOnlySpan<byte> near = samples.AsSpan(source * stride, columns);
            if (down == 2 && across <= 2 && (across == 1 || columns > 2))
            {
                // Rows are 3/4 and 1/4 of their neighbours.
                int other = Math.Clamp(source + (row % 2 == 0 ? -1 : 1), 0, rows - 1);
                ReadOnlySpan<byte> far = samples.AsSpan(other * stride, columns);
                if (across == 1)
                {
                    for (int column = 0; column < width; column++)
                    {
                        to[column] = (byte)(((near[column] * 3) + far[column] + 1 + (row % 2)) >> 2);
                    }

                    continue;
                }

                for (int column = 0; column < columns; column++)
                {
                    wide[column] = (near[column] * 3) + far[column];
                }

                Spread(wide.AsSpan(0, columns), to, 4, 8, 7);
            }
            else if (down == 1 && across == 2 && columns > 2)
            {
                for (int column = 0; column < columns; column++)
                {
                    wide[column] = near[column];
                }

                Spread(wide.AsSpan(0, columns), to, 2, 1, 2);
            }
            else
            {
                for (int column = 0; column < width; column++)
                {
                    to[column] = near[Math.Min(column / across, columns - 1)];
                }
            }
        }

        return plane;
    }

    /// <summary>Twice as many columns, 3/4 of the nearest and 1/4 of the next; halves are rounded up and down in turn.</summary>
    private static void Spread(ReadOnlySpan<int> from, Span<byte> to, int shift, int leftRounding, int rightRounding)
    {
        for (int column = 0; column < to.Length; column++)
        {
            int index = column / 2;
            bool isLeft = column % 2 == 0;
            int neighbor = isLeft ? index - 1 : index + 1;

            // At the edges there is nothing to mix with: four quarters of the one sample, rounded as they are elsewhere where rows are mixed too.
            to[column] = neighbor < 0 || neighbor >= from.Length
                ? (byte)(shift == 2 ? from[index] : ((from[index] * 4) + (isLeft ? leftRounding : rightRounding)) >> shift)
                : (byte)(((from[index] * 3) + from[neighbor] + (isLeft ? leftRounding : rightRounding)) >> shift);
        }
    }

    /// <summary>The samples of all blocks.</summary>
    private static byte[] Transform(JpegComponent component)
    {
        int stride = component.BlockStride * 8;
        var samples = new byte[(long)stride * component.BlockRows * 8];
        Span<int> quantization = stackalloc int[64];
        for (int index = 0; index < 64; index++)
        {
            quantization[JpegInverseTransform.NaturalOrder[index]] = component.Quantization?[index] ?? throw new InvalidImageException("a component of the JPEG file has no scan.");
        }

        for (int row = 0; row < component.BlockRows; row++)
        {
            for (int column = 0; column < component.BlockStride; column++)
            {
                JpegInverseTransform.Run(component.Block(row, column), quantization, samples.AsSpan((row * 8 * stride) + (column * 8)), stride);
            }
        }

        return samples;
    }

    private static byte Limit(int value) => (byte)Math.Clamp(value, 0, 255);
}
