namespace Cameo.Demo.Images;

/// <summary>Reads the Netpbm formats PBM, PGM and PPM, in text (P1 to P3) and in bytes (P4 to P6).</summary>
public static class PortableAnymapReader
{
    public static bool IsPortableAnymap(ReadOnlySpan<byte> file) =>
        file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6' && IsSpace(file[2]);

    public static GreyImage Read(ReadOnlySpan<byte> file)
    {
        int kind = file[1] - '0';
        int position = 2;
        int width = Number(file, ref position), height = Number(file, ref position);
        bool bitmap = kind is 1 or 4;
        int maximum = bitmap ? 1 : Number(file, ref position);
        if (maximum is < 1 or > 65535)
        {
            throw new ImageFormatException($"the image's largest level is {maximum}, not 1 to 65535");
        }

        var image = new GreyImage(width, height);
        position++; // exactly one space separates the header from bytes
        bool text = kind <= 3;
        int channels = kind is 3 or 6 ? 3 : 1;
        int sampleBytes = maximum > 255 ? 2 : 1;
        int rowBytes = bitmap ? (width + 7) / 8 : width * channels * sampleBytes;
        if (!text && position + (long)rowBytes * height > file.Length)
        {
            throw new ImageFormatException("the image ends too early");
        }

        Span<int> samples = stackalloc int[3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (bitmap)
                {
                    // In a bitmap 1 is black; in text the digits may stand without spaces.
                    int bit = text ? Digit(file, ref position) : (file[position + y * rowBytes + x / 8] >> (7 - x % 8)) & 1;
                    image[x, y] = bit == 0 ? (byte)255 : (byte)0;
                    continue;
                }

                for (int channel = 0; channel < channels; channel++)
                {
                    int at = position + y * rowBytes + (x * channels + channel) * sampleBytes;
                    int sample = text ? Number(file, ref position) : sampleBytes == 1 ? file[at] : (file[at] << 8) | file[at + 1];
                    samples[channel] = Math.Min(sample, maximum) * 255 / maximum;
                }

                image[x, y] = channels == 1 ? (byte)samples[0] : GreyImage.Luma(samples[0], samples[1], samples[2]);
            }
        }

        return image;
    }

    private static int Number(ReadOnlySpan<byte> file, ref int position)
    {
        SkipSpace(file, ref position);
        int start = position;
        long value = 0;
        while (position < file.Length && char.IsAsciiDigit((char)file[position]) && value <= int.MaxValue)
        {
            value = value * 10 + (file[position++] - '0');
        }

        return position == start || value > int.MaxValue
            ? throw new ImageFormatException("the image has no number where one is expected, or ends too early")
            : (int)value;
    }

    private static int Digit(ReadOnlySpan<byte> file, ref int position)
    {
        SkipSpace(file, ref position);
        return position < file.Length && file[position] is (byte)'0' or (byte)'1'
            ? file[position++] - '0'
            : throw new ImageFormatException("the bitmap has something else than 0 and 1, or ends too early");
    }

    private static void SkipSpace(ReadOnlySpan<byte> file, ref int position)
    {
        while (position < file.Length && (IsSpace(file[position]) || file[position] == '#'))
        {
            if (file[position] == '#')
            {
                while (position < file.Length && file[position] != '\n')
                {
                    position++;
                }
            }
            else
            {
                position++;
            }
        }
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0x0B or 0x0C;
}
