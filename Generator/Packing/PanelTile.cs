namespace Cameo.Generator.Packing;

/// <summary>Parts of panels of which one column is made after the other, where the matrix's columns lie in memory one after the other.</summary>
internal static unsafe class PanelTile
{
    /// <summary>
    /// A column is read for so many rows before the next one is: short pieces cost more in lines and pages that nothing foresees (of 64 bytes a third of the throughput). The tile
    /// that is written, of 32 KiB where a panel has 32 columns of 4 bytes, stays in the second-level cache until its last column is done.
    /// </summary>
    public const int Rows = 256;

    /// <summary>Copies words of a column, which follow each other, to rows of <paramref name="pitch"/> words.</summary>
    public static void CopyColumn(uint* source, long count, uint* destination, int pitch)
    {
        for (; count >= 2; count -= 2)
        {
            ulong pair = *(ulong*)source;
            destination[0] = (uint)pair;
            destination[pitch] = (uint)(pair >> 32);
            source += 2;
            destination += 2 * pitch;
        }

        if (count > 0)
        {
            *destination = *source;
        }
    }
}
