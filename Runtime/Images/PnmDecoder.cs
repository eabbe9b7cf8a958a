namespace Cameo.Images;

/// <summary>PBM, PGM and PPM, as text and binary, with numbers of up to 16 bits, which are scaled to 8.</summary>
internal static class PnmDecoder
{
    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        Header header = ReadHeader(file);
        return (header.Height, header.Width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        Header header = ReadHeader(file);
        (int width, int height, int most, int offset) = (header.Width, header.Height, header.Most, header.Offset);
        int kind = file[1] - '0', channels = Channels(kind);
        bool isText = kind <= 3, isBitmap = kind is 1 or 4;
        RasterImage image = RasterImage.Create(width, height, channels);
        for (int index = 0; index < image.Pixels.Length; index++)
        {
            int value = isText
                ? isBitmap ? Digit(file, ref offset) : Number(file, ref offset)
                : isBitmap ? (file[offset + (int)(index / width * ((width + 7L) / 8)) + (index % width / 8)] >> (7 - (index % width % 8))) & 1
                : most > 255 ? (file[offset + (2 * index)] << 8) | file[offset + (2 * index) + 1]
                : file[offset + index];

            // In bitmaps 1 is black.
            value = isBitmap ? 1 - value : Math.Min(value, most);
            image.Pixels[index] = (byte)(((value * 255) + (most / 2)) / most);
        }

        return image;
    }

    private static int Channels(int kind) => kind is 3 or 6 ? 3 : 1;

    /// <summary>Reads the header and makes sure that the file is long enough.</summary>
    private static Header ReadHeader(ReadOnlySpan<byte> file)
    {
        int kind = file[1] - '0', offset = 2, channels = Channels(kind);
        bool isText = kind <= 3, isBitmap = kind is 1 or 4;
        int width = Number(file, ref offset), height = Number(file, ref offset), most = isBitmap ? 1 : Number(file, ref offset);
        RasterImage.RequireSize(width, height);
        if (most is < 1 or > 65535)
        {
            throw new InvalidImageException($"the largest number of a PNM file is {most} and must be between 1 and 65535.");
        }

        // One white space ends the header of binary data.
        offset += isText ? 0 : 1;
        long stored = isBitmap ? ((width + 7L) / 8) * height : (long)width * height * channels * (most > 255 ? 2 : 1);
        long least = isText ? (long)width * height * channels : stored;
        if (least > file.Length - offset)
        {
            throw new InvalidImageException($"the file ends after {file.Length} bytes; {least} more were expected from {offset} on.");
        }

        return new Header(width, height, most, offset);
    }

    /// <summary>The next number of the text, past white space and comments.</summary>
    private static int Number(ReadOnlySpan<byte> file, ref int offset)
    {
        SkipSpace(file, ref offset);
        int start = offset;
        long value = 0;
        while (offset < file.Length && char.IsAsciiDigit((char)file[offset]))
        {
            value = Math.Min((value * 10) + file[offset++] - '0', int.MaxValue);
        }

        return offset > start ? (int)value : throw new InvalidImageException($"a number was expected at {start}.");
    }

    /// <summary>The next digit of a bitmap's text, where numbers need no space between them.</summary>
    private static int Digit(ReadOnlySpan<byte> file, ref int offset)
    {
        SkipSpace(file, ref offset);
        return offset < file.Length && file[offset] is (byte)'0' or (byte)'1' ? file[offset++] - '0' : throw new InvalidImageException($"0 or 1 was expected at {offset}.");
    }

    private static void SkipSpace(ReadOnlySpan<byte> file, ref int offset)
    {
        while (offset < file.Length && (file[offset] is (byte)'#' or (byte)' ' or (>= 9 and <= 13)))
        {
            if (file[offset] != '#')
            {
                offset++;
                continue;
            }

            int end = file[offset..].IndexOfAny((byte)'\n', (byte)'\r');
            offset = end < 0 ? file.Length : offset + end;
        }
    }

    private sealed record Header(int Width, int Height, int Most, int Offset);
}
