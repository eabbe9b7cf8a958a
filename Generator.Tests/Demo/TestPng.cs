using System.Buffers.Binary;
using System.IO.Compression;

namespace Cameo.Tests.Demo;

/// <summary>Writes PNG files of every kind, their rows through the five filters in turn.</summary>
internal static class TestPng
{
    public static byte[] Write(int width, int height, int colourType, int depth, byte[] levels, byte[]? alpha = null, byte interlace = 0)
    {
        int samples = colourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)depth;
        header[9] = (byte)colourType;
        header[12] = interlace;
        WriteChunk(file, "IHDR"u8, header);
        if (colourType == 3)
        {
            byte[] palette = depth == 1 ? [0, 0, 0, 255, 255, 255] : [.. Enumerable.Range(0, 256 * 3).Select(i => (byte)(i / 3))];
            WriteChunk(file, "PLTE"u8, palette);
        }

        byte[] rows = depth == 1 ? PackBits(levels, width, height) : Samples(levels, alpha, samples, depth, hasAlpha: colourType is 4 or 6);
        WriteChunk(file, "IDAT"u8, Compress(Filter(rows, rows.Length / height, Math.Max(1, samples * depth / 8))));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>Eight pixels a byte, rows padded; a pixel's bit is set where it is not 0.</summary>
    public static byte[] PackBits(byte[] levels, int width, int height)
    {
        int rowBytes = (width + 7) / 8;
        byte[] packed = new byte[rowBytes * height];
        for (int i = 0; i < levels.Length; i++)
        {
            int x = i % width;
            packed[i / width * rowBytes + x / 8] |= (byte)(levels[i] == 0 ? 0 : 0x80 >> (x % 8));
        }

        return packed;
    }

    private static byte[] Samples(byte[] levels, byte[]? alpha, int samples, int depth, bool hasAlpha)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < levels.Length; i++)
        {
            for (int sample = 0; sample < samples; sample++)
            {
                bytes.Add(hasAlpha && sample == samples - 1 ? alpha?[i] ?? 255 : levels[i]);
                if (depth == 16)
                {
                    bytes.Add(123); // the lower byte, which a reader of 8 bits drops
                }
            }
        }

        return [.. bytes];
    }

    private static byte[] Filter(byte[] rows, int rowBytes, int pixelBytes)
    {
        var filtered = new List<byte>();
        for (int row = 0; row < rows.Length / rowBytes; row++)
        {
            int filter = row % 5;
            filtered.Add((byte)filter);
            for (int i = 0; i < rowBytes; i++)
            {
                int At(int y, int x) => y < 0 || x < 0 ? 0 : rows[y * rowBytes + x];
                int left = At(row, i - pixelBytes), above = At(row - 1, i), corner = At(row - 1, i - pixelBytes);
                int[] byDistance = [left, above, corner];
                int paeth = byDistance.MinBy(value => Math.Abs(left + above - corner - value));
                int predicted = filter switch { 1 => left, 2 => above, 3 => (left + above) / 2, 4 => paeth, _ => 0 };
                filtered.Add((byte)(rows[row * rowBytes + i] - predicted));
            }
        }

        return [.. filtered];
    }

    private static byte[] Compress(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var stream = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(bytes);
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> kind, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        byte[] checkedBytes = [.. kind, .. data];
        file.Write(checkedBytes);
        BinaryPrimitives.WriteUInt32BigEndian(number, Checksum(checkedBytes));
        file.Write(number);
    }

    /// <summary>CRC-32 by a table, unlike the reader's.</summary>
    private static uint Checksum(byte[] bytes)
    {
        uint[] table = [.. Enumerable.Range(0, 256).Select(i =>
        {
            uint value = (uint)i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xEDB88320;
            }

            return value;
        })];
        return ~bytes.Aggregate(uint.MaxValue, (sum, value) => table[(byte)(sum ^ value)] ^ (sum >> 8));
    }
}
