using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels of words (<see cref="WeightWords"/>) of 4-bit elements that lie two to a byte, as files hold them, where the elements of a word follow each other: eight at a
/// time go from four bytes to four bytes, instead of through a copy with a byte for each.
/// </summary>
/// <param name="matrices">[batch, K, N]; offset and strides count elements of half a byte.</param>
/// <param name="offset">Added to each element, wrapping.</param>
/// <param name="width">Columns of a panel.</param>
internal sealed unsafe class NibbleReader(StridedView matrices, int offset, int width) : ElementReader(
    ElementType.UInt32,
    checked(matrices.Shape[0] * ((matrices.Shape[2] + width - 1) / width) * (matrices.Shape[1] / ElementsPerWord) * width))
{
    private const int ElementsPerWord = 8;

    private readonly long _wordRows = matrices.Shape[1] / ElementsPerWord;
    private readonly long _panels = (matrices.Shape[2] + width - 1) / width;
    private readonly uint _offsets = (uint)(offset & 15) * 0x1111_1111;

    /// <summary>Whether every word is made of four whole bytes.</summary>
    public static bool Applies(StridedView matrices) =>
        matrices.Shape[1] % ElementsPerWord == 0
        && matrices.Strides[1] == 1
        && matrices.Offset % 2 == 0
        && (matrices.Shape[0] == 1 || matrices.Strides[0] % 2 == 0)
        && (matrices.Shape[2] == 1 || matrices.Strides[2] % 2 == 0);

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
        long panel = row / _wordRows;
        long k = (row - (panel * _wordRows)) * ElementsPerWord;
        long batch = panel / _panels;
        long firstColumn = ((panel - (batch * _panels)) * width) + column;
        byte* source = matrices.Memory.Pointer + ((matrices.Offset + (batch * matrices.Strides[0]) + k + (firstColumn * matrices.Strides[2])) / 2);
        long step = matrices.Strides[2] / 2;
        int present = (int)Math.Max(0, Math.Min(columns, matrices.Shape[2] - firstColumn));
        uint lower = _offsets & 0x7777_7777;
        uint highest = _offsets & 0x8888_8888;
        for (int index = 0; index < present; index++)
        {
            // The lower three bits can't carry into the next element, the highest is added without its carry.
            uint elements = *(uint*)source;
            elements = ((elements & 0x7777_7777) + lower) ^ (elements & 0x8888_8888) ^ highest;
            words[index] = Spread(elements & 0xFFFF) | (Spread(elements >> 16) << 4);
            source += step;
        }

        for (int index = present; index < columns; index++)
        {
            words[index] = 0;
        }
    }

    /// <summary>Four elements of half a byte, each in the lower half of a byte of its own.</summary>
    private static uint Spread(uint elements)
    {
        elements = (elements | (elements << 8)) & 0x00FF_00FF;
        return (elements | (elements << 4)) & 0x0F0F_0F0F;
    }
}
