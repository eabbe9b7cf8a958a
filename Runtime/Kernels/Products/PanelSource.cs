using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A panel of the right operand that is to be packed piece by piece, while another one is multiplied.</summary>
internal unsafe struct PanelSource
{
    /// <summary>First element of the panel where it lies; null where there is nothing to pack.</summary>
    public float* Data;

    /// <summary>Floats from one row to the next.</summary>
    public nint RowStride;

    /// <summary>Floats from one column to the next.</summary>
    public nint ColumnStride;

    /// <summary>Columns present, at most 32.</summary>
    public nint Columns;

    /// <summary>Where it goes.</summary>
    public float* Packed;

    /// <summary>Packs rows of the panel.</summary>
    public readonly void Pack<V>(nint row, nint rows)
        where V : struct, IVector<V> =>
        MatrixPacking.PackPanel<V>(Data + (row * RowStride), RowStride, ColumnStride, Columns, rows, Packed + (row * MatrixMultiply.PanelColumns));
}
