namespace Cameo.Images.Jpeg;

/// <summary>Codes of 1 to 16 bits: short ones by a table, longer ones length by length.</summary>
internal sealed class JpegHuffmanTable
{
    public const int FastBits = 9, MaximumBits = 16;

    private readonly byte[] _symbols;
    private readonly int[] _limits = new int[MaximumBits + 2];
    private readonly int[] _starts = new int[MaximumBits + 1];

    // Length and symbol of each beginning of FastBits bits; 0 where the code is longer.
    private readonly ushort[] _fast = new ushort[1 << FastBits];

    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        int code = 0, symbol = 0;
        for (int length = 1; length <= MaximumBits; length++)
        {
            _starts[length] = symbol - code;
            for (int index = 0; index < counts[length - 1]; index++, code++, symbol++)
            {
                if (length <= FastBits && code < 1 << length)
                {
                    int first = code << (FastBits - length);
                    _fast.AsSpan(first, 1 << (FastBits - length)).Fill((ushort)((length << 8) | symbols[symbol]));
                }
            }

            if (code > 1 << length)
            {
                throw new InvalidImageException("a Huffman table of the JPEG file has more codes than there are.");
            }

            _limits[length] = code;
            code <<= 1;
        }
    }

    /// <summary>The symbol that 16 bits begin with, and its length.</summary>
    public int Find(int bits, out int length)
    {
        int fast = _fast[bits >> (MaximumBits - FastBits)];
        if (fast != 0)
        {
            length = fast >> 8;
            return fast & 0xFF;
        }

        for (length = FastBits + 1; length <= MaximumBits; length++)
        {
            int code = bits >> (MaximumBits - length);
            if (code < _limits[length])
            {
                return _symbols[code + _starts[length]];
            }
        }

        throw new InvalidImageException("the JPEG file has a code that no table has.");
    }
}
