namespace Cameo.Kernels;

/// <summary>
/// A right operand [Depth, Columns] of int8 weights in panels of 32 columns, four elements of consecutive depth a word. Uint8 weights are stored minus 128, and their zero points as well.
/// All arrays have whole panels: what they hold in columns beyond <see cref="Columns"/> is read but not used.
/// </summary>
public unsafe struct IntegerMatrix
{
    /// <summary>[⌈Columns / 32⌉][⌈Depth / 4⌉][32] words; elements beyond the depth are 0.</summary>
    public uint* Words;

    /// <summary>[⌈Columns / 32⌉ · 32] sums of the stored elements of each column, from <see cref="IntegerMatrixMultiply.ColumnSums"/>.</summary>
    public int* ColumnSums;

    /// <summary>[⌈Columns / 32⌉ · 32] zero points of the columns, or null where all are 0.</summary>
    public sbyte* ZeroPoints;

    /// <summary>Rows of the matrix.</summary>
    public nint Depth;

    /// <summary>Columns of the matrix.</summary>
    public nint Columns;
}
