using System.Buffers.Binary;

namespace Cameo.Demo.Images;

/// <summary>Reads uncompressed BMP files of 1, 4, 8, 24 or 32 bits a pixel.</summary>
public static class BmpReader
{
    private const int FileHeaderBytes = 14, SmallestInfoBytes = 40;

    public static bool IsBmp(ReadOnlySpan<byte> file) => file.StartsWith("BM"u8);

    public static GreyImage Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < FileHeaderBytes + SmallestInfoBytes)
        {
            throw new ImageFormatException("the BMP file ends inside its header");
        }

        ReadOnlySpan<byte> info = file[FileHeaderBytes..];
        uint pixels = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        uint infoBytes = BinaryPrimitives.ReadUInt32LittleEndian(info);
        int width = BinaryPrimitives.ReadInt32LittleEndian(info[4..]);
        int signedHeight = BinaryPrimitives.ReadInt32LittleEndian(info[8..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(info[14..]);
        uint compression = BinaryPrimitives.ReadUInt32LittleEndian(info[16..]);
        uint colours = BinaryPrimitives.ReadUInt32LittleEndian(info[32..]);
        if (infoBytes < SmallestInfoBytes || compression != 0 || bits is not (1 or 4 or 8 or 24 or 32) || signedHeight == int.MinValue)
        {
            throw new ImageFormatException($"this kind of BMP file is not supported ({bits} bits a pixel, compression {compression})");
        }

        var image = new GreyImage(width, Math.Abs(signedHeight));
        long rowBytes = ((long)width * bits + 31) / 32 * 4;
        if (pixels + rowBytes * image.Height > file.Length)
        {
            throw new ImageFormatException("the BMP file ends inside its pixels");
        }

        byte[] palette = bits <= 8 ? ReadPalette(file, FileHeaderBytes + (long)infoBytes, colours == 0 ? 1u << bits : colours) : [];
        for (int y = 0; y < image.Height; y++)
        {
            // A positive height means that the lowest row comes first.
            int stored = signedHeight > 0 ? image.Height - 1 - y : y;
            ReadOnlySpan<byte> row = file.Slice((int)(pixels + stored * rowBytes), (int)rowBytes);
            for (int x = 0; x < width; x++)
            {
                image[x, y] = bits <= 8 ? Entry(palette, row, x, bits) : Colour(row[(x * (bits / 8))..]);
            }
        }

        return image;
    }

    private static byte[] ReadPalette(ReadOnlySpan<byte> file, long start, uint count)
    {
        if (count > 256 || start + count * 4 > file.Length)
        {
            throw new ImageFormatException("the BMP file ends inside its palette");
        }

        byte[] palette = new byte[count];
        for (int i = 0; i < palette.Length; i++)
        {
            palette[i] = Colour(file[((int)start + i * 4)..]);
        }

        return palette;
    }

    private static byte Entry(byte[] palette, ReadOnlySpan<byte> row, int x, int bits)
    {
        int bit = x * bits;
        int index = (row[bit / 8] >> (8 - bits - bit % 8)) & ((1 << bits) - 1);
        return index < palette.Length ? palette[index] : throw new ImageFormatException("the BMP file has a pixel outside its palette");
    }

    /// <summary>Colours lie as blue, green, red.</summary>
    private static byte Colour(ReadOnlySpan<byte> bytes) => GreyImage.Luma(bytes[2], bytes[1], bytes[0]);
}
