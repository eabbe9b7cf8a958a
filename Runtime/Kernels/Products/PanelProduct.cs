namespace Cameo.Kernels;

/// <summary>A block of rows times one panel of columns, for <see cref="MatrixBlock"/>. Strides are in floats unless they say otherwise.</summary>
internal unsafe struct PanelProduct
{
    /// <summary>The rows of A: packed by <see cref="MatrixPacking.PackLeft"/>, or in place.</summary>
    public LeftRows A;

    /// <summary>Number of rows.</summary>
    public nint Rows;

    /// <summary>Number of products in each sum.</summary>
    public nint Depth;

    /// <summary>First element of the panel.</summary>
    public float* Panel;

    /// <summary>From one row of the panel to the next.</summary>
    public nint StrideB;

    /// <summary>Whether another packed panel follows this one in memory and will be used next.</summary>
    public bool HasNext;

    /// <summary>The panel to pack while this one is multiplied.</summary>
    public PanelSource Source;

    /// <summary>Room for (rows, rounded up to tiles) · 32 sums.</summary>
    public float* Sums;

    /// <summary>First element of the block of C.</summary>
    public float* C;

    /// <summary>From one row of C to the next.</summary>
    public nint StrideC;

    /// <summary>Columns present in the panel, at most 32.</summary>
    public nint Columns;

    /// <summary>Row that the epilogue calls the block's first.</summary>
    public nint Row;

    /// <summary>Column that the epilogue calls the panel's first.</summary>
    public nint Column;
}
