namespace Cameo.Images;

/// <summary>PNG: all color types and depths, interlaced or not. 16-bit numbers give their upper 8 bits; alpha and transparent colors are left out.</summary>
internal static class PngDecoder
{
    /// <summary>Deflate's best ratio.</summary>
    private const int BestRatio = 1032;

    private const int SignatureBytes = 8, ChunkFrame = 12;

    // Adam7: first column and row, and steps, of each pass.
    private static readonly (int Column, int Row, int ColumnStep, int RowStep)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        var bytes = new ImageBytes(file, isBigEndian: true);
        long width = bytes.UInt32(16), height = bytes.UInt32(20);
        RasterImage.RequireSize(width, height);

        // A pixel takes at least a bit.
        ImageFile.RequirePlausible(width * height / 8, file.Length, BestRatio);
        return (height, width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        var bytes = new ImageBytes(file, isBigEndian: true);
        if (!bytes.Slice(12, 4).SequenceEqual("IHDR"u8) || bytes.UInt32(8) != 13)
        {
            throw new InvalidImageException("a PNG file must begin with a header.");
        }

        long width = bytes.UInt32(16), height = bytes.UInt32(20);
        int depth = bytes.Byte(24), color = bytes.Byte(25);
        bool isInterlaced = bytes.Byte(28) == 1;
        RasterImage.RequireSize(width, height);
        int samples = color switch
        {
            0 or 3 => 1,
            2 => 3,
            4 => 2,
            6 => 4,
            _ => throw new InvalidImageException($"PNG has no color type {color}."),
        };
        if (!(depth == 8 || (depth == 16 && color != 3) || (depth is 1 or 2 or 4 && color is 0 or 3 && samples == 1)) || bytes.Byte(28) > 1 || bytes.Byte(26) != 0 || bytes.Byte(27) != 0)
        {
            throw new InvalidImageException($"PNG has no {depth} bits of color type {color}, or the header names another compression, filter or interlacing than there are.");
        }

        byte[] compressed = ReadChunks(bytes, out int length, out byte[] palette);
        if (color == 3 && palette.Length == 0)
        {
            throw new InvalidImageException("the palette is missing.");
        }

        long raw = isInterlaced
            ? Passes.Sum(pass => RowBytes(Count(width, pass.Column, pass.ColumnStep), depth * samples) * Count(height, pass.Row, pass.RowStep))
            : RowBytes(width, depth * samples) * height;
        ImageFile.RequirePlausible(raw, length, BestRatio);
        byte[] data = new byte[raw];
        ImageFile.Inflate(compressed, length, data);
        RasterImage image = RasterImage.Create(width, height, color is 0 or 4 ? 1 : 3);
        int offset = 0;
        foreach ((int column, int row, int columnStep, int rowStep) in isInterlaced ? Passes : [(0, 0, 1, 1)])
        {
            int columns = (int)Count(width, column, columnStep), rows = (int)Count(height, row, rowStep);
            int stride = (int)RowBytes(columns, depth * samples);
            Span<byte> previous = default;
            for (int index = 0; index < rows && columns > 0; index++, offset += stride)
            {
                Span<byte> current = data.AsSpan(offset + 1, stride - 1);
                Unfilter(data[offset], current, previous, Math.Max(1, depth * samples / 8));
                previous = current;
                ReadRow(current, image, columns, row + (index * rowStep), column, columnStep, depth, samples, palette, color == 3);
            }
        }

        return image;
    }

    private static long Count(long size, int first, int step) => Math.Max(0, (size - first + step - 1) / step);

    /// <summary>Bytes of a row with the byte that names its filter; none for an empty row.</summary>
    private static long RowBytes(long columns, int bits) => columns == 0 ? 0 : (((columns * bits) + 7) / 8) + 1;

    /// <summary>All data in one piece, and the palette.</summary>
    private static byte[] ReadChunks(ImageBytes bytes, out int length, out byte[] palette)
    {
        byte[] compressed = new byte[bytes.Length];
        length = 0;
        palette = [];
        for (long offset = SignatureBytes; ;)
        {
            long size = bytes.UInt32(offset);
            ReadOnlySpan<byte> type = bytes.Slice(offset + 4, 4), data = bytes.Slice(offset + 8, size);
            if (Checksum(bytes.Slice(offset + 4, size + 4)) != (uint)bytes.UInt32(offset + 8 + size))
            {
                throw new InvalidImageException($"the checksum of the chunk at {offset} is wrong.");
            }

            if (type.SequenceEqual("IDAT"u8))
            {
                data.CopyTo(compressed.AsSpan(length));
                length += data.Length;
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = data.ToArray();
            }
            else if (type.SequenceEqual("IEND"u8))
            {
                return compressed;
            }

            offset += size + ChunkFrame;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in data)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ (0xEDB88320 & (0 - (sum & 1)));
            }
        }

        return ~sum;
    }

    private static void Unfilter(int filter, Span<byte> current, ReadOnlySpan<byte> previous, int distance)
    {
        if (filter > 4)
        {
            throw new InvalidImageException($"PNG has no filter {filter}.");
        }

        for (int index = 0; index < current.Length && filter > 0; index++)
        {
            int left = index < distance ? 0 : current[index - distance];
            int above = previous.IsEmpty ? 0 : previous[index];
            int corner = index < distance || previous.IsEmpty ? 0 : previous[index - distance];
            current[index] += (byte)(filter switch
            {
                1 => left,
                2 => above,
                3 => (left + above) / 2,
                _ => Paeth(left, above, corner),
            });
        }
    }

    private static int Paeth(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        int toLeft = Math.Abs(estimate - left), toAbove = Math.Abs(estimate - above), toCorner = Math.Abs(estimate - corner);
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }

    private static void ReadRow(ReadOnlySpan<byte> from, RasterImage image, int columns, int row, int first, int step, int depth, int samples, byte[] palette, bool hasPalette)
    {
        for (int column = 0; column < columns; column++)
        {
            Span<byte> pixel = image.Pixels.AsSpan(((row * image.Width) + first + (column * step)) * image.Channels, image.Channels);
            int value = Sample(from, column * samples, depth);
            if (hasPalette)
            {
                if ((3 * value) + 3 > palette.Length)
                {
                    throw new InvalidImageException($"the palette has no color {value}.");
                }

                palette.AsSpan(3 * value, 3).CopyTo(pixel);
                continue;
            }

            for (int channel = 0; channel < pixel.Length; channel++)
            {
                int sample = Sample(from, (column * samples) + channel, depth);
                pixel[channel] = (byte)(depth >= 8 ? sample : sample * 255 / ((1 << depth) - 1));
            }
        }
    }

    /// <summary>A number of a row; of 16 bits the upper 8.</summary>
    private static int Sample(ReadOnlySpan<byte> row, int index, int depth) => depth switch
    {
        8 => row[index],
        16 => row[2 * index],
        _ => (row[index * depth / 8] >> (8 - depth - (index * depth % 8))) & ((1 << depth) - 1),
    };
}
