namespace Cameo.Kernels;

/// <summary>Rows of a left operand as tiles read them: copied into the order of reading, or where they are.</summary>
internal readonly unsafe struct LeftRows
{
    // A tile of rows in place keeps one line of each in use. Rows a multiple of this apart (2 KiB) fall into two sets of a first-level cache of 64 sets · 8 lines, where a tile of
    // 12 has no room beside the panel.
    private const nint CollidingFloats = 512;

    // Copying costs about half a cycle an element and a tile uses an element for two multiply-adds a panel: with 16 panels, 1 or 2 % of the product.
    private const nint MostPanelsInPlace = 16;

    private readonly float* _data;
    private readonly nint _rowStride;
    private readonly nint _step;
    private readonly nint _packedDepth;

    private LeftRows(float* data, nint rowStride, nint step, nint packedDepth)
    {
        _data = data;
        _rowStride = rowStride;
        _step = step;
        _packedDepth = packedDepth;
    }

    /// <summary>From one row to the next within a tile.</summary>
    public nint RowStride => _packedDepth != 0 ? 1 : _rowStride;

    /// <summary>Whether reading rows where they are is faster than copying them first.</summary>
    /// <param name="rowStride">Elements from one row to the next.</param>
    /// <param name="columnStride">Elements from one column to the next.</param>
    /// <param name="rows">Rows of the block.</param>
    /// <param name="depth">Columns.</param>
    /// <param name="panels">Panels that the rows are multiplied with.</param>
    public static bool AreBestInPlace(nint rowStride, nint columnStride, nint rows, nint depth, nint panels)
    {
        bool collide = rows > 4 && rowStride % CollidingFloats == 0 && depth > Vectors.Prefetch.LineFloats;
        return columnStride == 1 && panels <= MostPanelsInPlace && !collide;
    }

    /// <summary>Rows packed by <see cref="MatrixPacking.PackLeft"/>.</summary>
    public static LeftRows Packed(float* data, nint depth) => new(data, 1, 0, Math.Max(depth, 1));

    /// <summary>Rows where they are.</summary>
    public static LeftRows InPlace(float* data, nint rowStride, nint columnStride) => new(data, rowStride, columnStride, 0);

    /// <summary>From one column to the next in a tile of this many rows.</summary>
    public nint Step(int tileRows) => _packedDepth != 0 ? tileRows : _step;

    /// <summary>Element <paramref name="column"/> of row <paramref name="row"/>, the first of a tile of <paramref name="tileRows"/>.</summary>
    public float* At(nint row, nint column, int tileRows) =>
        _packedDepth != 0 ? _data + (row * _packedDepth) + (column * tileRows) : _data + (row * _rowStride) + (column * _step);
}
