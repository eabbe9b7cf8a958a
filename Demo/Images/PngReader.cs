using System.Buffers.Binary;
using System.IO.Compression;

namespace Cameo.Demo.Images;

/// <summary>Reads PNG files of every colour type and bit depth that are not interlaced; transparency shows white paper.</summary>
public static class PngReader
{
    private const int Grey = 0, Colour = 2, Palette = 3, GreyAlpha = 4, ColourAlpha = 6;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    public static GreyImage Read(byte[] file)
    {
        Header? header = null;
        byte[] palette = [], transparency = [];
        using var compressed = new MemoryStream();
        int position = Signature.Length;
        while (true)
        {
            ReadOnlySpan<byte> chunk = NextChunk(file, ref position, out uint kind);
            switch (kind)
            {
                case 0x49484452: // IHDR
                    header = Header.Parse(chunk);
                    break;
                case 0x504C5445: // PLTE
                    palette = chunk.ToArray();
                    break;
                case 0x74524E53: // tRNS
                    transparency = chunk.ToArray();
                    break;
                case 0x49444154: // IDAT
                    compressed.Write(chunk);
                    break;
                case 0x49454E44: // IEND
                    if (header is null)
                    {
                        throw new ImageFormatException("the PNG file has no header");
                    }

                    compressed.Position = 0;
                    return Decode(header, compressed, palette, transparency);
                default:
                    break; // ancillary chunks say nothing that a grey image needs
            }
        }
    }

    private static ReadOnlySpan<byte> NextChunk(byte[] file, ref int position, out uint kind)
    {
        ReadOnlySpan<byte> rest = file.AsSpan(position);
        if (rest.Length < 12)
        {
            throw new ImageFormatException("the PNG file ends too early");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (length > (uint)(rest.Length - 12))
        {
            throw new ImageFormatException("the PNG file ends inside a chunk");
        }

        int bytes = (int)length;
        kind = BinaryPrimitives.ReadUInt32BigEndian(rest[4..]);
        if (Checksum(rest.Slice(4, bytes + 4)) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + bytes)..]))
        {
            throw new ImageFormatException("a chunk of the PNG file is damaged (wrong checksum)");
        }

        position += bytes + 12;
        return rest.Slice(8, bytes);
    }

    /// <summary>CRC-32 as PNG uses it. Bit by bit: digits are small files.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint remainder = uint.MaxValue;
        foreach (byte value in bytes)
        {
            remainder ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ 0xEDB88320 : remainder >> 1;
            }
        }

        return ~remainder;
    }

    private static GreyImage Decode(Header header, MemoryStream compressed, byte[] palette, byte[] transparency)
    {
        var image = new GreyImage(header.Width, header.Height);
        int pixelBytes = Math.Max(1, header.Channels * header.Depth / 8);
        int rowBytes = checked((int)(((long)header.Width * header.Channels * header.Depth + 7) / 8));
        byte[] row = new byte[rowBytes], above = new byte[rowBytes];
        using var data = new ZLibStream(compressed, CompressionMode.Decompress);
        try
        {
            for (int y = 0; y < header.Height; y++)
            {
                int filter = data.ReadByte();
                data.ReadExactly(row);
                Unfilter(filter, row, above, pixelBytes);
                for (int x = 0; x < header.Width; x++)
                {
                    image[x, y] = Pixel(header, row, x, palette, transparency);
                }

                (row, above) = (above, row);
            }
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            throw new ImageFormatException("the pixels of the PNG file are damaged or cut off");
        }

        return image;
    }

    private static void Unfilter(int filter, byte[] row, byte[] above, int pixelBytes)
    {
        if (filter is < 0 or > 4)
        {
            throw new ImageFormatException($"the PNG file has an unknown filter ({filter})");
        }

        for (int i = 0; i < row.Length; i++)
        {
            int left = i >= pixelBytes ? row[i - pixelBytes] : 0;
            int corner = i >= pixelBytes ? above[i - pixelBytes] : 0;
            row[i] += (byte)(filter switch
            {
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                4 => Paeth(left, above[i], corner),
                _ => 0,
            });
        }
    }

    /// <summary>Of the three neighbours the one nearest to left + above - corner; ties in that order.</summary>
    private static int Paeth(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        int toLeft = Math.Abs(estimate - left), toAbove = Math.Abs(estimate - above), toCorner = Math.Abs(estimate - corner);
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }

    private static byte Pixel(Header header, byte[] row, int x, byte[] palette, byte[] transparency)
    {
        int first = x * header.Channels;
        switch (header.ColourType)
        {
            case Palette:
                int index = Sample(row, first, header.Depth);
                if (index * 3 + 2 >= palette.Length)
                {
                    throw new ImageFormatException("the PNG file has a pixel outside its palette");
                }

                return OnPaper(
                    GreyImage.Luma(palette[index * 3], palette[index * 3 + 1], palette[index * 3 + 2]),
                    index < transparency.Length ? transparency[index] : 255);
            case Grey:
                return Level(row, first, header.Depth);
            case GreyAlpha:
                return OnPaper(Level(row, first, header.Depth), Level(row, first + 1, header.Depth));
            default:
                byte luma = GreyImage.Luma(
                    Level(row, first, header.Depth), Level(row, first + 1, header.Depth), Level(row, first + 2, header.Depth));
                return header.ColourType == Colour ? luma : OnPaper(luma, Level(row, first + 3, header.Depth));
        }
    }

    private static byte OnPaper(int level, int alpha) => (byte)((level * alpha + 255 * (255 - alpha) + 127) / 255);

    private static byte Level(byte[] row, int sample, int depth) =>
        depth >= 8 ? (byte)Sample(row, sample, depth) : (byte)(Sample(row, sample, depth) * 255 / ((1 << depth) - 1));

    /// <summary>A sample of a row; of 16 bits the upper 8.</summary>
    private static int Sample(byte[] row, int sample, int depth)
    {
        if (depth >= 8)
        {
            return row[sample * (depth / 8)];
        }

        int bit = sample * depth;
        return (row[bit / 8] >> (8 - depth - bit % 8)) & ((1 << depth) - 1);
    }

    private sealed record Header(int Width, int Height, int Depth, int ColourType)
    {
        public int Channels => ColourType switch { Colour => 3, GreyAlpha => 2, ColourAlpha => 4, _ => 1 };

        public static Header Parse(ReadOnlySpan<byte> chunk)
        {
            if (chunk.Length != 13)
            {
                throw new ImageFormatException("the PNG file's header has a wrong length");
            }

            var header = new Header(
                BinaryPrimitives.ReadInt32BigEndian(chunk), BinaryPrimitives.ReadInt32BigEndian(chunk[4..]), chunk[8], chunk[9]);
            bool valid = header.ColourType switch
            {
                Grey => header.Depth is 1 or 2 or 4 or 8 or 16,
                Palette => header.Depth is 1 or 2 or 4 or 8,
                Colour or GreyAlpha or ColourAlpha => header.Depth is 8 or 16,
                _ => false,
            };
            if (!valid || chunk[10] != 0 || chunk[11] != 0)
            {
                throw new ImageFormatException($"the PNG file has an unknown format (colour type {header.ColourType}, {header.Depth} bits)");
            }

            return chunk[12] == 0 ? header : throw new ImageFormatException("interlaced PNG files are not supported; save the image without interlacing");
        }
    }
}
