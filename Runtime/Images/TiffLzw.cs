namespace Cameo.Images;

/// <summary>TIFF's LZW: codes of 9 to 12 bits from the highest, which grow one code early.</summary>
internal static class TiffLzw
{
    private const int Clear = 256, End = 257, MaximumCodes = 4096;

    public static void Decode(ReadOnlySpan<byte> data, Span<byte> target)
    {
        // A code is the code before it and one more byte.
        Span<ushort> prefixes = stackalloc ushort[MaximumCodes];
        Span<byte> suffixes = stackalloc byte[MaximumCodes];
        Span<byte> reversed = stackalloc byte[MaximumCodes];
        int next = End + 1, bits = 9, previous = -1, written = 0;
        byte first = 0;
        long place = 0;
        while (written < target.Length)
        {
            TiffDecoder.Require(place + bits <= data.Length * 8L);
            int code = Read(data, place, bits);
            place += bits;
            if (code == Clear)
            {
                (next, bits, previous) = (End + 1, 9, -1);
                continue;
            }

            TiffDecoder.Require(code != End && code <= next && !(previous < 0 && code > 255));
            int length = 0, rest = code;
            if (code == next)
            {
                // The code that is made just now: the one before, and its own first byte.
                reversed[length++] = first;
                rest = previous;
            }

            while (rest > End)
            {
                reversed[length++] = suffixes[rest];
                rest = prefixes[rest];
            }

            first = (byte)rest;
            reversed[length++] = first;
            while (length > 0 && written < target.Length)
            {
                target[written++] = reversed[--length];
            }

            if (previous >= 0 && next < MaximumCodes)
            {
                (prefixes[next], suffixes[next]) = ((ushort)previous, first);
                next++;
            }

            previous = code;
            bits = next + 1 >= 2048 ? 12 : next + 1 >= 1024 ? 11 : next + 1 >= 512 ? 10 : 9;
        }
    }

    private static int Read(ReadOnlySpan<byte> data, long place, int bits)
    {
        int start = (int)(place / 8), value = 0;
        for (int index = 0; index < 3; index++)
        {
            value = (value << 8) | (start + index < data.Length ? data[start + index] : 0);
        }

        return (value >> (24 - (int)(place % 8) - bits)) & ((1 << bits) - 1);
    }
}
