using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Cameo.Images;
using Xunit;

namespace Cameo.Tests.Images;

/// <summary>Decoders against what another implementation makes of the same files; damaged files.</summary>
public sealed unsafe class ImageFileTests
{
    public static TheoryData<string> Names => [.. ImageSamples.All.Select(static sample => sample.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void FilesAreDecodedBitByBit(string name)
    {
        (byte[] file, byte[] expected) = Sample(name);
        (byte[] pixels, long height, long width) = Decode(file, PixelFormat.Rgb);
        Assert.Equal((ImageSamples.Height, ImageSamples.Width), (height, width));
        Assert.Equal(expected, pixels);
    }

    [Fact]
    public void PixelFormatsOrderAndMixColors()
    {
        (byte[] file, byte[] rgb) = Sample("png rgb");
        byte[] bgr = Decode(file, PixelFormat.Bgr).Pixels, gray = Decode(file, PixelFormat.Grayscale).Pixels;
        for (int pixel = 0; pixel < gray.Length; pixel++)
        {
            Assert.Equal([rgb[(3 * pixel) + 2], rgb[(3 * pixel) + 1], rgb[3 * pixel]], bgr[(3 * pixel)..((3 * pixel) + 3)]);
            Assert.Equal((0.299 * rgb[3 * pixel]) + (0.587 * rgb[(3 * pixel) + 1]) + (0.114 * rgb[(3 * pixel) + 2]), gray[pixel], 0.51);
        }
    }

    /// <summary>16 bits, and seven passes: the image is written by hand, without filters.</summary>
    [Theory]
    [InlineData(8, false)]
    [InlineData(16, false)]
    [InlineData(8, true)]
    [InlineData(16, true)]
    public void PortableNetworkGraphicsMayBeInterlacedOrDeep(int depth, bool isInterlaced)
    {
        const int Width = 11, Height = 10;
        (int, int, int, int)[] passes = isInterlaced ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] : [(0, 0, 1, 1)];
        using var raw = new MemoryStream();
        foreach ((int column, int row, int columnStep, int rowStep) in passes)
        {
            for (int y = row; y < Height && column < Width; y += rowStep)
            {
                raw.WriteByte(0);
                for (int x = column; x < Width; x += columnStep)
                {
                    for (int channel = 0; channel < 3; channel++)
                    {
                        raw.WriteByte(Color(x, y, channel));
                        if (depth == 16)
                        {
                            raw.WriteByte(77);
                        }
                    }
                }
            }
        }

        byte[] pixels = Decode(Png(Width, Height, depth, 2, isInterlaced, raw.ToArray()), PixelFormat.Rgb).Pixels;
        Assert.Equal([.. Enumerable.Range(0, Width * Height * 3).Select(static index => Color(index / 3 % Width, index / 3 / Width, index % 3))], pixels);

        static byte Color(int x, int y, int channel) => (byte)((x * 20) + (y * 3) + (channel * 50));
    }

    [Theory]
    [InlineData("P3 # colors\n2 1\n15\n15 0 5  1 2 3", new byte[] { 255, 0, 85, 17, 34, 51 })]
    [InlineData("P2\n2 1 100 50 100", new byte[] { 128, 128, 128, 255, 255, 255 })]
    [InlineData("P1\n3 1\n101", new byte[] { 0, 0, 0, 255, 255, 255, 0, 0, 0 })]
    public void PortableMapsMayBeText(string file, byte[] expected) => Assert.Equal(expected, Decode(Encoding.ASCII.GetBytes(file), PixelFormat.Rgb).Pixels);

    /// <summary>8-bit runs: three of color 1, the end of the row, then 2, 1 and 0 as they are and the end.</summary>
    [Fact]
    public void BitmapsMayHaveRunLengths()
    {
        byte[] data = [3, 1, 0, 0, 0, 3, 2, 1, 0, 0, 0, 1];
        byte[] file = new byte[54 + 12 + data.Length];
        "BM"u8.CopyTo(file);
        foreach ((int offset, int value) in ((int, int)[])[(10, 66), (14, 40), (18, 3), (22, 2), (28, 8), (30, 1), (46, 3)])
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offset), value);
        }

        // Blue, green, red and nothing.
        ((byte[])[1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0]).CopyTo(file, 54);
        data.CopyTo(file, 66);
        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1, 6, 5, 4, 6, 5, 4, 6, 5, 4], Decode(file, PixelFormat.Rgb).Pixels);
    }

    /// <summary>A file of large numbers first, in two tiles of 16 × 16 pixels in planes.</summary>
    [Fact]
    public void TiffMayBeTiledAndPlanar()
    {
        const int Width = 20, Height = 10, Tile = 16;
        using var stream = new MemoryStream();
        (int Tag, int Type, int[] Values)[] entries =
        [
            (256, 3, [Width]), (257, 3, [Height]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [2]), (277, 3, [3]), (284, 3, [2]), (322, 3, [Tile]), (323, 3, [Tile]),
            (324, 4, [.. Enumerable.Range(0, 6).Select(static index => 1000 + (index * Tile * Tile))]), (325, 4, [.. Enumerable.Repeat(Tile * Tile, 6)]),
        ];
        byte[] file = new byte[1000 + (6 * Tile * Tile)];
        ((byte[])[(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, (byte)entries.Length]).CopyTo(file, 0);
        int extra = 400;
        for (int index = 0; index < entries.Length; index++)
        {
            Span<byte> entry = file.AsSpan(10 + (12 * index), 12);
            (int tag, int type, int[] values) = entries[index];
            BinaryPrimitives.WriteUInt16BigEndian(entry, (ushort)tag);
            BinaryPrimitives.WriteUInt16BigEndian(entry[2..], (ushort)type);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], values.Length);
            Span<byte> target = entry[8..];
            if (values.Length * (type == 3 ? 2 : 4) > 4)
            {
                BinaryPrimitives.WriteInt32BigEndian(target, extra);
                target = file.AsSpan(extra);
                extra += values.Length * 4;
            }

            for (int value = 0; value < values.Length; value++)
            {
                if (type == 3)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(target[(2 * value)..], (ushort)values[value]);
                }
                else
                {
                    BinaryPrimitives.WriteInt32BigEndian(target[(4 * value)..], values[value]);
                }
            }
        }

        for (int plane = 0; plane < 3; plane++)
        {
            for (int place = 0; place < 2 * Tile * Tile; place++)
            {
                int x = (place / (Tile * Tile) * Tile) + (place % Tile), y = place % (Tile * Tile) / Tile;
                file[1000 + (plane * 2 * Tile * Tile) + place] = Color(x, y, plane);
            }
        }

        Assert.Equal([.. Enumerable.Range(0, Width * Height * 3).Select(static index => Color(index / 3 % Width, index / 3 / Width, index % 3))], Decode(file, PixelFormat.Rgb).Pixels);

        static byte Color(int x, int y, int channel) => (byte)((x * 9) + (y * 5) + (channel * 70));
    }

    [Theory]
    [InlineData("RIFF....WEBPVP8L\0\0\0\0", "lossless")]
    [InlineData("RIFF....WEBPVP8 \0\0\0\0", "key frame")]
    [InlineData("GIF89a", "GIF")]
    [InlineData("", "0 bytes")]
    [InlineData("nothing at all", "no image")]
    [InlineData("P6 99999 99999 255 ", "not possible")]
    [InlineData("P6 9999 9999 255 ", "ends after")]
    public void OtherFilesAreRefusedWithWhatIsSupported(string text, string reason)
    {
        InvalidImageException error = Assert.Throws<InvalidImageException>(() => Decode(Encoding.ASCII.GetBytes(text), PixelFormat.Rgb));
        Assert.Contains(reason, error.Message);
        Assert.Contains("ImageDecoder 'node'", error.Message);
    }

    /// <summary>A header that promises more than its file can hold is refused before memory is asked for.</summary>
    [Fact]
    public void HugeSizesOfSmallFilesAreRefused()
    {
        byte[] png = Png(16000, 16000, 8, 2, false, new byte[100]);
        Assert.Contains("cannot hold", Assert.Throws<InvalidImageException>(() => Decode(png, PixelFormat.Rgb)).Message);
        byte[] jpeg = Sample("jpeg 4:2:0").File;
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        (jpeg[frame + 5], jpeg[frame + 7]) = (0x30, 0x30);
        Assert.Contains("cannot hold", Assert.Throws<InvalidImageException>(() => Decode(jpeg, PixelFormat.Rgb)).Message);
    }

    /// <summary>Whatever is wrong with a file, it is decoded or refused, and soon.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void DamagedFilesAreRefusedOrDecoded(string name)
    {
        byte[] file = Sample(name).File;
        var random = new System.Random(name.Length);
        int refused = 0;
        for (int round = 0; round < 400; round++)
        {
            byte[] damaged = round % 4 == 0 ? file[..random.Next(file.Length)] : (byte[])file.Clone();
            for (int change = 0; change < round % 4 && damaged.Length > 0; change++)
            {
                damaged[random.Next(Math.Min(damaged.Length, round % 2 == 0 ? 100 : damaged.Length))] = (byte)random.Next(256);
            }

            try
            {
                Decode(damaged, PixelFormat.Grayscale);
            }
            catch (InvalidImageException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 50, 400);
    }

    private static (byte[] File, byte[] Pixels) Sample(string name)
    {
        (_, string file, string pixels) = ImageSamples.All.Single(sample => sample.Name == name);
        return (Convert.FromBase64String(file), Convert.FromBase64String(pixels));
    }

    private static (byte[] Pixels, long Height, long Width) Decode(byte[] file, PixelFormat format)
    {
        fixed (byte* data = file)
        {
            ImageFile.Measure(data, file.Length, "ImageDecoder 'node'", out long height, out long width);
            byte[] pixels = new byte[height * width * (format == PixelFormat.Grayscale ? 1 : 3)];
            fixed (byte* to = pixels)
            {
                ImageFile.Decode(data, file.Length, format, height, width, to, "ImageDecoder 'node'");
            }

            return (pixels, height, width);
        }
    }

    private static byte[] Png(int width, int height, int depth, int color, bool isInterlaced, byte[] raw)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)color, isInterlaced ? (byte)1 : (byte)0);
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(raw);
        }

        return [0x89, .. "PNG\r\n\x1A\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", compressed.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        uint sum = uint.MaxValue;
        foreach (byte value in body)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0xEDB88320 : sum >> 1;
            }
        }

        byte[] chunk = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4 + body.Length), ~sum);
        return chunk;
    }
}
