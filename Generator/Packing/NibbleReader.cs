using System.Runtime.CompilerServices;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels of words (<see cref="WeightWords"/>) of 4-bit elements that lie two to a byte, as files hold them, where the elements of a word follow each other: eight at a
/// time go from four bytes to four bytes, instead of through a copy with a byte for each.
/// </summary>
/// <param name="matrices">[batch, K, N]; offset and strides count elements of half a byte.</param>
/// <param name="offset">Added to each element, wrapping.</param>
/// <param name="width">Columns of a panel.</param>
internal sealed unsafe class NibbleReader(StridedView matrices, int offset, int width)
    : PanelsReader(matrices, ElementType.UInt32, matrices.Shape[1] / ElementsPerWord, width)
{
    private const int ElementsPerWord = 8;

    private readonly ulong _offsets = (ulong)(offset & 15) * 0x1111_1111_1111_1111;

    /// <summary>Whether every word is made of four whole bytes.</summary>
    public static bool Applies(StridedView matrices) =>
        matrices.Shape[1] % ElementsPerWord == 0
        && matrices.Strides[1] == 1
        && matrices.Offset % 2 == 0
        && (matrices.Shape[0] == 1 || matrices.Strides[0] % 2 == 0)
        && (matrices.Shape[2] == 1 || matrices.Strides[2] % 2 == 0);

    protected override void ReadRows(long batch, long firstColumn, int columns, long firstRow, long count, byte* destination)
    {
        long position = Matrices.Offset + (batch * Matrices.Strides[0]) + (firstRow * ElementsPerWord) + (firstColumn * Matrices.Strides[2]);
        byte* source = Matrices.Memory.Pointer + (position / 2);
        for (long tile = 0; tile < count; tile += PanelTile.Rows)
        {
            uint* words = (uint*)destination + (tile * Width);
            for (int column = 0; column < columns; column++)
            {
                ReadColumn(source + (tile * sizeof(uint)) + (column * Matrices.Strides[2] / 2), Math.Min(PanelTile.Rows, count - tile), words + column);
            }
        }
    }

    /// <summary>Words of one column, two at a time.</summary>
    private void ReadColumn(byte* source, long rows, uint* words)
    {
        ulong offsets = _offsets;
        int pitch = Width;
        for (; rows >= 2; rows -= 2)
        {
            ulong pair = Words(*(ulong*)source, offsets);
            words[0] = (uint)pair;
            words[pitch] = (uint)(pair >> 32);
            source += 2 * sizeof(uint);
            words += 2 * pitch;
        }

        if (rows > 0)
        {
            words[0] = (uint)Words(*(uint*)source, offsets);
        }
    }

    /// <summary>Two words of elements in the order of the file, as panels hold them and with the offset added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Words(ulong elements, ulong offsets)
    {
        if (offsets != 0)
        {
            // The lower three bits can't carry into the next element, the highest is added without its carry.
            const ulong highest = 0x8888_8888_8888_8888;
            elements = ((elements & ~highest) + (offsets & ~highest)) ^ ((elements ^ offsets) & highest);
        }

        // From elements 0 1 2 3 4 5 6 7 to 0 4 1 5 2 6 3 7: the middle bytes change places, then the middle halves of bytes in each two bytes.
        ulong changed = (elements ^ (elements >> 8)) & 0x0000_FF00_0000_FF00;
        elements ^= changed ^ (changed << 8);
        changed = (elements ^ (elements >> 4)) & 0x00F0_00F0_00F0_00F0;
        return elements ^ changed ^ (changed << 4);
    }
}
