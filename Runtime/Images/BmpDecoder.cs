using System.Numerics;

namespace Cameo.Images;

/// <summary>BMP: palettes of 1, 4 and 8 bits, 16, 24 and 32 bits with or without masks, run lengths of 4 and 8 bits. Alpha is left out.</summary>
internal static class BmpDecoder
{
    private const int CoreHeader = 12, InfoHeader = 40, FileHeader = 14;
    private const int BestRatio = 4096;
    private const int Plain = 0, RunLength8 = 1, RunLength4 = 2, BitFields = 3, AlphaBitFields = 6;

    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        Header header = Header.Read(new ImageBytes(file, isBigEndian: false));
        return (header.Height, header.Width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        var bytes = new ImageBytes(file, isBigEndian: false);
        Header header = Header.Read(bytes);
        int width = (int)header.Width, height = (int)header.Height, stride = (int)header.Stride;
        RasterImage image = RasterImage.Create(width, height, 3);
        ReadOnlySpan<byte> data = header.HasRunLengths
            ? RunLengths(bytes, header.Pixels, width, height, stride, header.Bits)
            : bytes.Slice(header.Pixels, header.Stride * header.Height);
        ReadOnlySpan<byte> palette = header.Bits <= 8 ? Palette(bytes, header) : default;
        ReadOnlySpan<uint> masks = header.Bits is 16 or 32 ? Masks(bytes, header) : default;
        for (int row = 0; row < height; row++)
        {
            ReadRow(data.Slice((header.IsTopDown ? row : height - 1 - row) * stride, stride), image.Pixels.AsSpan(row * width * 3, width * 3), header.Bits, palette, header.IsCore ? 3 : 4, masks);
        }

        return image;
    }

    private static void ReadRow(ReadOnlySpan<byte> from, Span<byte> to, int bits, ReadOnlySpan<byte> palette, int entry, ReadOnlySpan<uint> masks)
    {
        for (int column = 0; column < to.Length / 3; column++)
        {
            Span<byte> pixel = to.Slice(column * 3, 3);
            if (bits <= 8)
            {
                int index = (from[column * bits / 8] >> (8 - bits - (column * bits % 8))) & ((1 << bits) - 1);
                ReadOnlySpan<byte> color = index * entry < palette.Length ? palette.Slice(index * entry, 3) : throw new InvalidImageException($"the palette has no color {index}.");
                (pixel[0], pixel[1], pixel[2]) = (color[2], color[1], color[0]);
            }
            else if (bits == 24)
            {
                (pixel[0], pixel[1], pixel[2]) = (from[(column * 3) + 2], from[(column * 3) + 1], from[column * 3]);
            }
            else
            {
                uint value = bits == 16 ? BitConverter.ToUInt16(from.Slice(column * 2, 2)) : BitConverter.ToUInt32(from.Slice(column * 4, 4));
                for (int channel = 0; channel < 3; channel++)
                {
                    uint mask = masks[channel];
                    ulong most = mask >> BitOperations.TrailingZeroCount(mask);
                    pixel[channel] = mask == 0 ? (byte)0 : (byte)(((ulong)((value & mask) >> BitOperations.TrailingZeroCount(mask)) * 255) / most);
                }
            }
        }
    }

    private static ReadOnlySpan<byte> Palette(ImageBytes bytes, Header header)
    {
        long stated = header.IsCore ? 0 : bytes.UInt32(46), start = FileHeader + header.Size;
        long colors = Math.Min(stated == 0 ? 1L << header.Bits : stated, 1L << header.Bits);
        return bytes.Slice(start, Math.Min(colors * (header.IsCore ? 3 : 4), Math.Max(0, header.Pixels - start)));
    }

    private static uint[] Masks(ImageBytes bytes, Header header)
    {
        if (header.Compression is BitFields or AlphaBitFields)
        {
            // Behind the header, or the first fields of a longer one: the same place.
            return [(uint)bytes.UInt32(FileHeader + InfoHeader), (uint)bytes.UInt32(FileHeader + InfoHeader + 4), (uint)bytes.UInt32(FileHeader + InfoHeader + 8)];
        }

        return header.Bits == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0xFF00, 0xFF];
    }

    private static byte[] RunLengths(ImageBytes bytes, long offset, int width, int height, int stride, int bits)
    {
        byte[] rows = new byte[stride * height];
        for (int row = 0, column = 0; row < height;)
        {
            int count = bytes.Byte(offset), value = bytes.Byte(offset + 1);
            offset += 2;
            if (count > 0)
            {
                for (int index = 0; index < count; index++, column++)
                {
                    Put(column, row, bits == 8 ? value : index % 2 == 0 ? value >> 4 : value & 15);
                }
            }
            else if (value is 0 or 1)
            {
                (row, column) = (value == 1 ? height : row + 1, 0);
            }
            else if (value == 2)
            {
                column += bytes.Byte(offset);
                row += bytes.Byte(offset + 1);
                offset += 2;
            }
            else
            {
                for (int index = 0; index < value; index++, column++)
                {
                    int stored = bytes.Byte(offset + (index * bits / 8));
                    Put(column, row, bits == 8 ? stored : index % 2 == 0 ? stored >> 4 : stored & 15);
                }

                offset += ((value * bits) + 15) / 16 * 2;
            }
        }

        return rows;

        void Put(int column, int row, int value)
        {
            if (column < width)
            {
                rows[(row * stride) + (column * bits / 8)] |= (byte)(bits == 8 ? value : column % 2 == 0 ? value << 4 : value);
            }
        }
    }

    /// <summary>What the header says, checked against the file's length.</summary>
    private sealed record Header(long Size, long Pixels, long Width, long Height, int Bits, long Compression, bool IsTopDown)
    {
        public bool IsCore => Size == CoreHeader;

        public bool HasRunLengths => Compression is RunLength8 or RunLength4;

        public long Stride => ((Width * Bits) + 31) / 32 * 4;

        public static Header Read(ImageBytes bytes)
        {
            long pixels = bytes.UInt32(10), size = bytes.UInt32(FileHeader);
            bool isCore = size == CoreHeader;
            if (!isCore && size < InfoHeader)
            {
                throw new InvalidImageException($"a BMP header of {size} bytes is not known.");
            }

            long width = isCore ? bytes.UInt16(18) : bytes.Int32(18), height = isCore ? bytes.UInt16(20) : bytes.Int32(22);
            var header = new Header(size, pixels, width, Math.Abs(height), bytes.UInt16(isCore ? 24 : 28), isCore ? Plain : bytes.UInt32(30), height < 0);
            RasterImage.RequireSize(header.Width, header.Height);
            switch (header.Compression, header.Bits)
            {
                case (RunLength8, 8) or (RunLength4, 4):
                    // Two bytes make a run of at most 255 pixels or move on by as many rows; files that skip most of an image are not written by anybody.
                    ImageFile.RequirePlausible(header.Stride * header.Height, bytes.Length, BestRatio);
                    break;
                case (Plain, 1 or 4 or 8 or 16 or 24 or 32) or (BitFields or AlphaBitFields, 16 or 32):
                    bytes.Slice(pixels, header.Stride * header.Height);
                    break;
                default:
                    throw new InvalidImageException($"BMP with {header.Bits} bits and compression {header.Compression} is not supported.");
            }

            return header;
        }
    }
}
