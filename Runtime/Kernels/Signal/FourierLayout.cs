namespace Cameo.Kernels;

/// <summary>Where the signals or spectra of a kernel lie: rows come in groups, as frames of a signal or columns of a matrix do. Strides are in elements.</summary>
/// <param name="Group">Rows of a group.</param>
/// <param name="GroupStride">From a group to the next.</param>
/// <param name="RowStride">From a row of a group to the next.</param>
/// <param name="Stride">From a number of a row to the next.</param>
/// <param name="Count">Numbers of a row.</param>
/// <param name="Components">1 for real numbers, 2 for complex ones, whose parts lie beside each other.</param>
internal readonly record struct FourierLayout(long Group, long GroupStride, long RowStride, long Stride, long Count, int Components)
{
    /// <summary>The first element of a row.</summary>
    public long Start(long row) => (row / Group * GroupStride) + (row % Group * RowStride);
}
