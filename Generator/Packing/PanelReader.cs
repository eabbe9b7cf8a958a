using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels for matrix kernels: a matrix stack [batch, K, N] in memory, under any strides, as [batch, ceil(N / width), K, width] with zeros in the columns that the matrix
/// does not have.
/// </summary>
internal sealed unsafe class PanelReader(StridedView matrices, ElementType elementType, int width) : ElementReader(
    elementType,
    checked(matrices.Shape[0] * ((matrices.Shape[2] + width - 1) / width) * matrices.Shape[1] * width))
{
    private readonly long _rows = matrices.Shape[1];
    private readonly long _columns = matrices.Shape[2];
    private readonly long _panels = (matrices.Shape[2] + width - 1) / width;

    public override void Read(long first, long count, byte* destination)
    {
        long skip = first % width;
        if (skip != 0 || count < width)
        {
            // Ends of a range within a row of a panel: the row is made whole and cut.
            byte* row = stackalloc byte[width * ElementBytes];
            while (count > 0 && (skip != 0 || count < width))
            {
                long elements = Math.Min(count, width - skip);
                ReadRows(first / width, 1, row);
                Buffer.MemoryCopy(row + (skip * ElementBytes), destination, elements * ElementBytes, elements * ElementBytes);
                first += elements;
                count -= elements;
                destination += elements * ElementBytes;
                skip = 0;
            }
        }

        while (count >= width)
        {
            long row = first / width;
            long rows = Math.Min(count / width, _rows - (row % _rows));
            ReadRows(row, rows, destination);
            first += rows * width;
            count -= rows * width;
            destination += rows * width * ElementBytes;
        }

        if (count > 0)
        {
            Read(first, count, destination);
        }
    }

    /// <summary>Rows of one panel; <paramref name="row"/> counts the rows of all panels.</summary>
    private void ReadRows(long row, long rows, byte* destination)
    {
        long k = row % _rows;
        long panel = row / _rows % _panels;
        long batch = row / _rows / _panels;
        long position = matrices.Offset + (batch * matrices.Strides[0]) + (k * matrices.Strides[1]) + (panel * width * matrices.Strides[2]);
        int columns = (int)Math.Min(width, _columns - (panel * width));
        byte* source = matrices.Memory.Pointer + (position * ElementBytes);
        switch (ElementBytes)
        {
            case 1:
                ReadRows(source, destination, rows, columns);
                break;
            case 2:
                ReadRows((ushort*)source, (ushort*)destination, rows, columns);
                break;
            case 4:
                ReadRows((uint*)source, (uint*)destination, rows, columns);
                break;
            case 8:
                ReadRows((ulong*)source, (ulong*)destination, rows, columns);
                break;
            default:
                ReadRows((decimal*)source, (decimal*)destination, rows, columns);
                break;
        }
    }

    private void ReadRows<T>(T* source, T* destination, long rows, int columns)
        where T : unmanaged
    {
        if (columns < width)
        {
            for (long index = 0; index < rows * width; index++)
            {
                destination[index] = default;
            }
        }

        if (matrices.Strides[2] == 1)
        {
            CopyRows(source, destination, rows, columns);
        }
        else
        {
            Gather(source, destination, rows, columns);
        }
    }

    /// <summary>Rows of a panel are pieces of the matrix's rows.</summary>
    private void CopyRows<T>(T* source, T* destination, long rows, int columns)
        where T : unmanaged
    {
        long stride = matrices.Strides[1];
        for (long row = 0; row < rows; row++)
        {
            Buffer.MemoryCopy(source + (row * stride), destination + (row * width), columns * sizeof(T), columns * sizeof(T));
        }
    }

    /// <summary>
    /// A transposed matrix, or any other strides: in tiles of 16 rows, so that a tile of float32 takes one cache line of each source column and the
    /// destination stays in the first-level cache.
    /// </summary>
    private void Gather<T>(T* source, T* destination, long rows, int columns)
        where T : unmanaged
    {
        const int TileRows = 16;
        long rowStride = matrices.Strides[1];
        long columnStride = matrices.Strides[2];
        for (long tile = 0; tile < rows; tile += TileRows)
        {
            int tileRows = (int)Math.Min(TileRows, rows - tile);
            T* tileSource = source + (tile * rowStride);
            T* tileDestination = destination + (tile * width);
            for (int column = 0; column < columns; column++)
            {
                T* from = tileSource + (column * columnStride);
                T* to = tileDestination + column;
                for (int row = 0; row < tileRows; row++)
                {
                    *to = *from;
                    to += width;
                    from += rowStride;
                }
            }
        }
    }
}
