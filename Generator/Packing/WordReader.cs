using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels of words for kernels over narrow weights (<see cref="WeightWords"/>): a matrix stack [batch, K, N] in memory, under any strides, of 1- or 2-byte elements.
/// </summary>
internal sealed unsafe class WordReader(StridedView matrices, ElementType elements, int bits, int width) : ElementReader(
    ElementType.UInt32,
    checked(matrices.Shape[0] * ((matrices.Shape[2] + width - 1) / width) * ((matrices.Shape[1] + (32 / bits) - 1) / (32 / bits)) * width))
{
    private readonly int _perWord = 32 / bits;
    private readonly long _wordRows = (matrices.Shape[1] + (32 / bits) - 1) / (32 / bits);
    private readonly long _panels = (matrices.Shape[2] + width - 1) / width;
    private readonly int _bytes = elements.Bytes();

    public override void Read(long first, long count, byte* destination)
    {
        uint* words = (uint*)destination;
        while (count > 0)
        {
            long column = first % width;
            long row = first / width;
            long columns = Math.Min(count, width - column);
            ReadRow(row, (int)column, (int)columns, words);
            first += columns;
            count -= columns;
            words += columns;
        }
    }

    /// <summary>Words of one row of a panel; <paramref name="row"/> counts the rows of all panels.</summary>
    private void ReadRow(long row, int column, int columns, uint* words)
    {
        long k = row % _wordRows * _perWord;
        long panel = row / _wordRows % _panels;
        long batch = row / _wordRows / _panels;
        int rows = (int)Math.Min(_perWord, matrices.Shape[1] - k);
        long firstColumn = (panel * width) + column;
        byte* source = matrices.Memory.Pointer + ((matrices.Offset + (batch * matrices.Strides[0]) + (k * matrices.Strides[1]) + (firstColumn * matrices.Strides[2])) * _bytes);
        for (int index = 0; index < columns; index++)
        {
            words[index] = firstColumn + index < matrices.Shape[2] ? Word(source + (index * matrices.Strides[2] * _bytes), rows) : 0;
        }
    }

    private uint Word(byte* source, int rows)
    {
        long stride = matrices.Strides[1] * _bytes;
        if (stride == _bytes && rows == _perWord)
        {
            // Neighbours in memory, as where rows of columns are stored: all of a word at once.
            return bits == 4 ? Nibbles(*(ulong*)source) : *(uint*)source;
        }

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

    /// <summary>The lower halves of eight bytes, the last four in the upper halves of the first.</summary>
    private static uint Nibbles(ulong bytes)
    {
        ulong low = bytes & 0x0F0F_0F0F_0F0F_0F0F;
        return (uint)low | (uint)(low >> 28);
    }
}
