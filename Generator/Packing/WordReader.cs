using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels of words for kernels over narrow weights (<see cref="WeightWords"/>): a matrix stack [batch, K, N] in memory, under any strides, of 1- or 2-byte elements.
/// </summary>
internal sealed unsafe class WordReader(StridedView matrices, ElementType elements, int bits, int width)
    : PanelsReader(matrices, ElementType.UInt32, (matrices.Shape[1] + (32 / bits) - 1) / (32 / bits), width)
{
    private readonly int _perWord = 32 / bits;
    private readonly int _bytes = elements.Bytes();

    protected override void ReadRows(long batch, long firstColumn, int columns, long firstRow, long count, byte* destination)
    {
        long position = Matrices.Offset + (batch * Matrices.Strides[0]) + (firstRow * _perWord * Matrices.Strides[1]) + (firstColumn * Matrices.Strides[2]);
        byte* source = Matrices.Memory.Pointer + (position * _bytes);
        uint* words = (uint*)destination;
        long whole = Math.Min(count, (Matrices.Shape[1] / _perWord) - firstRow);
        if (Matrices.Strides[1] == 1)
        {
            ReadColumns(source, whole, columns, words);
        }
        else
        {
            for (long row = 0; row < whole; row++)
            {
                ReadRow(source + (row * _perWord * Matrices.Strides[1] * _bytes), _perWord, columns, words + (row * Width));
            }
        }

        if (whole < count)
        {
            // The last words of matrices whose rows don't fill them.
            int rest = (int)(Matrices.Shape[1] % _perWord);
            ReadRow(source + (whole * _perWord * Matrices.Strides[1] * _bytes), rest, columns, words + (whole * Width));
        }
    }

    /// <summary>Elements of a word are neighbours in memory, as where rows of columns are stored: all of a word at once.</summary>
    private void ReadColumns(byte* source, long rows, int columns, uint* words)
    {
        for (long tile = 0; tile < rows; tile += PanelTile.Rows)
        {
            long tileRows = Math.Min(PanelTile.Rows, rows - tile);
            for (int column = 0; column < columns; column++)
            {
                byte* from = source + (((tile * _perWord) + (column * Matrices.Strides[2])) * _bytes);
                uint* to = words + (tile * Width) + column;
                if (bits != 4)
                {
                    PanelTile.CopyColumn((uint*)from, tileRows, to, Width);
                    continue;
                }

                for (long row = 0; row < tileRows; row++)
                {
                    to[row * Width] = Nibbles(((ulong*)from)[row]);
                }
            }
        }
    }

    private void ReadRow(byte* source, int rows, int columns, uint* words)
    {
        int done = 0;
        if (Matrices.Strides[2] == 1 && rows == _perWord)
        {
            for (int together = 8 / _bytes; done + together <= columns; done += together)
            {
                ReadWords(source + (done * _bytes), words + done);
            }
        }

        for (; done < columns; done++)
        {
            words[done] = Word(source + (done * Matrices.Strides[2] * _bytes), rows);
        }
    }

    /// <summary>Words of the next eight bytes of each row.</summary>
    private void ReadWords(byte* source, uint* words)
    {
        long pitch = Matrices.Strides[1] * _bytes;
        ulong row0 = *(ulong*)source;
        ulong row1 = *(ulong*)(source + pitch);
        if (bits == 16)
        {
            InterleaveHalves((uint)row0, (uint)row1, words);
            InterleaveHalves((uint)(row0 >> 32), (uint)(row1 >> 32), words + 2);
            return;
        }

        ulong row2 = *(ulong*)(source + (2 * pitch));
        ulong row3 = *(ulong*)(source + (3 * pitch));
        if (bits == 4)
        {
            source += 4 * pitch;
            row0 = Halves(row0, *(ulong*)source);
            row1 = Halves(row1, *(ulong*)(source + pitch));
            row2 = Halves(row2, *(ulong*)(source + (2 * pitch)));
            row3 = Halves(row3, *(ulong*)(source + (3 * pitch)));
        }

        for (int pair = 0; pair < 4; pair++)
        {
            *(ulong*)(words + (2 * pair)) = SpreadBytes(row0) | (SpreadBytes(row1) << 8) | (SpreadBytes(row2) << 16) | (SpreadBytes(row3) << 24);
            row0 >>= 16;
            row1 >>= 16;
            row2 >>= 16;
            row3 >>= 16;
        }
    }

    private uint Word(byte* source, int rows)
    {
        long stride = Matrices.Strides[1] * _bytes;
        uint word = 0;
        switch (bits)
        {
            case 16:
                for (int j = 0; j < rows; j++)
                {
                    word |= (uint)*(ushort*)(source + (j * stride)) << (16 * j);
                }

                break;
            case 8:
                for (int j = 0; j < rows; j++)
                {
                    word |= (uint)source[j * stride] << (8 * j);
                }

                break;
            default:
                // Four elements to the lower halves of the bytes, four to the upper ones: masks give four consecutive elements at a time.
                for (int j = 0; j < rows; j++)
                {
                    word |= (source[j * stride] & 15u) << ((8 * (j & 3)) + (4 * (j >> 2)));
                }

                break;
        }

        return word;
    }

    /// <summary>Two elements of each of two rows to two words.</summary>
    private static void InterleaveHalves(uint low, uint high, uint* words)
    {
        words[0] = (low & 0xFFFF) | (high << 16);
        words[1] = (low >> 16) | (high & 0xFFFF_0000);
    }

    /// <summary>The lowest byte and the next one, each the lowest of four.</summary>
    private static ulong SpreadBytes(ulong bytes) => (bytes & 0xFF) | ((bytes & 0xFF00) << 24);

    /// <summary>The lower halves of bytes of two rows, the second's in the upper halves.</summary>
    private static ulong Halves(ulong low, ulong high) => (low & 0x0F0F_0F0F_0F0F_0F0F) | ((high & 0x0F0F_0F0F_0F0F_0F0F) << 4);

    /// <summary>The lower halves of eight bytes, the last four in the upper halves of the first.</summary>
    private static uint Nibbles(ulong bytes)
    {
        ulong low = bytes & 0x0F0F_0F0F_0F0F_0F0F;
        return (uint)low | (uint)(low >> 28);
    }
}
