using System.Runtime.InteropServices;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Panels for matrix kernels: a matrix stack [batch, K, N] in memory, under any strides, as [batch, ceil(N / width), K, width] with zeros in the columns that the matrix
/// does not have.
/// </summary>
internal sealed unsafe class PanelReader(StridedView matrices, ElementType elementType, int width) : PanelsReader(matrices, elementType, matrices.Shape[1], width)
{
    private const int LineBytes = 64;

    protected override void ReadRows(long batch, long firstColumn, int columns, long firstRow, long count, byte* destination)
    {
        long position = Matrices.Offset + (batch * Matrices.Strides[0]) + (firstRow * Matrices.Strides[1]) + (firstColumn * Matrices.Strides[2]);
        byte* source = Matrices.Memory.Pointer + (position * ElementBytes);
        if (Matrices.Strides[2] == 1)
        {
            CopyRows(source, destination, count, columns * ElementBytes);
            return;
        }

        switch (ElementBytes)
        {
            case 1:
                Gather(source, destination, count, columns);
                break;
            case 2:
                Gather((ushort*)source, (ushort*)destination, count, columns);
                break;
            case 4 when Matrices.Strides[1] == 1:
                GatherColumns((uint*)source, (uint*)destination, count, columns);
                break;
            case 4:
                Gather((uint*)source, (uint*)destination, count, columns);
                break;
            case 8:
                Gather((ulong*)source, (ulong*)destination, count, columns);
                break;
            default:
                Gather((decimal*)source, (decimal*)destination, count, columns);
                break;
        }
    }

    /// <summary>Rows of a panel are pieces of the matrix's rows.</summary>
    private void CopyRows(byte* source, byte* destination, long rows, int bytes)
    {
        long sourcePitch = Matrices.Strides[1] * ElementBytes;
        int pitch = Width * ElementBytes;
        if (bytes % LineBytes != 0)
        {
            for (long row = 0; row < rows; row++)
            {
                Buffer.MemoryCopy(source + (row * sourcePitch), destination + (row * pitch), bytes, bytes);
            }

            return;
        }

        for (long row = 0; row < rows; row++)
        {
            for (int offset = 0; offset < bytes; offset += LineBytes)
            {
                *(Line*)(destination + offset) = *(Line*)(source + offset);
            }

            source += sourcePitch;
            destination += pitch;
        }
    }

    /// <summary>A transposed matrix, or any other strides: in tiles that stay in the second-level cache, whose columns are read in long pieces.</summary>
    private void Gather<T>(T* source, T* destination, long rows, int columns)
        where T : unmanaged
    {
        long rowStride = Matrices.Strides[1];
        long columnStride = Matrices.Strides[2];
        for (long tile = 0; tile < rows; tile += PanelTile.Rows)
        {
            long tileRows = Math.Min(PanelTile.Rows, rows - tile);
            for (int column = 0; column < columns; column++)
            {
                T* from = source + (tile * rowStride) + (column * columnStride);
                T* to = destination + (tile * Width) + column;
                for (long row = 0; row < tileRows; row++)
                {
                    *to = *from;
                    to += Width;
                    from += rowStride;
                }
            }
        }
    }

    /// <summary>A transposed matrix of float32: two elements of a column at a time.</summary>
    private void GatherColumns(uint* source, uint* destination, long rows, int columns)
    {
        for (long tile = 0; tile < rows; tile += PanelTile.Rows)
        {
            for (int column = 0; column < columns; column++)
            {
                PanelTile.CopyColumn(source + tile + (column * Matrices.Strides[2]), Math.Min(PanelTile.Rows, rows - tile), destination + (tile * Width) + column, Width);
            }
        }
    }

    /// <summary>What the processor copies in a few moves instead of a call.</summary>
    [StructLayout(LayoutKind.Sequential, Size = LineBytes)]
    private struct Line;
}
