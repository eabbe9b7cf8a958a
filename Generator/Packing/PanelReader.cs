using System.Runtime.InteropServices;
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
    private const int LineBytes = 64;

    // Rows whose pieces go to their panels before the next rows' do: enough that a panel is written in pieces of some hundred bytes, few enough that the processor fetches all of them ahead.
    private const int BlockRows = 8;

    private readonly long _rows = matrices.Shape[1];
    private readonly long _columns = matrices.Shape[2];
    private readonly long _panels = (matrices.Shape[2] + width - 1) / width;
    private readonly long _panelElements = matrices.Shape[1] * width;

    public override void Read(long first, long count, byte* destination)
    {
        while (count > 0)
        {
            long within = first % _panelElements;
            long elements = within == 0 && count >= _panelElements ? count - (count % _panelElements) : Math.Min(count, _panelElements - within);
            if (elements >= _panelElements)
            {
                ReadRuns(first, _panelElements, elements / _panelElements, destination, _panelElements * ElementBytes);
            }
            else
            {
                ReadPart(first, elements, destination);
            }

            first += elements;
            count -= elements;
            destination += elements * ElementBytes;
        }
    }

    /// <summary>Several panels side by side are made together, so that the matrix's rows are read in long pieces.</summary>
    public override void ReadRuns(long first, long run, long runs, byte* destination, long pitch)
    {
        if (run == 0 || first % _panelElements != 0 || run % _panelElements != 0)
        {
            base.ReadRuns(first, run, runs, destination, pitch);
            return;
        }

        long panelsPerRun = run / _panelElements;
        byte* Destination(long panel) => destination + (panel / panelsPerRun * pitch) + (panel % panelsPerRun * _panelElements * ElementBytes);
        long together = matrices.Strides[2] == 1 ? BlockRows : _rows;
        for (long done = 0; done < panelsPerRun * runs;)
        {
            long panel = (first / _panelElements) + done;
            long panels = Math.Min((panelsPerRun * runs) - done, _panels - (panel % _panels));
            for (long row = 0; row < _rows; row += together)
            {
                for (long index = 0; index < panels; index++)
                {
                    ReadRows(((panel + index) * _rows) + row, Math.Min(together, _rows - row), Destination(done + index) + (row * width * ElementBytes));
                }
            }

            done += panels;
        }
    }

    /// <summary>Elements of one panel.</summary>
    private void ReadPart(long first, long count, byte* destination)
    {
        long skip = first % width;
        if (skip != 0)
        {
            long elements = Math.Min(count, width - skip);
            ReadPieceOfRow(first / width, skip, elements, destination);
            first += elements;
            count -= elements;
            destination += elements * ElementBytes;
        }

        ReadRows(first / width, count / width, destination);
        long rest = count % width;
        if (rest != 0)
        {
            ReadPieceOfRow((first + count) / width, 0, rest, destination + ((count - rest) * ElementBytes));
        }
    }

    /// <summary>The row is made whole and cut.</summary>
    private void ReadPieceOfRow(long row, long skip, long count, byte* destination)
    {
        byte* whole = stackalloc byte[width * ElementBytes];
        ReadRows(row, 1, whole);
        Buffer.MemoryCopy(whole + (skip * ElementBytes), destination, count * ElementBytes, count * ElementBytes);
    }

    /// <summary>Rows of one panel; <paramref name="row"/> counts the rows of all panels.</summary>
    private void ReadRows(long row, long rows, byte* destination)
    {
        if (rows == 0)
        {
            return;
        }

        long k = row % _rows;
        long panel = row / _rows % _panels;
        long batch = row / _rows / _panels;
        long position = matrices.Offset + (batch * matrices.Strides[0]) + (k * matrices.Strides[1]) + (panel * width * matrices.Strides[2]);
        int columns = (int)Math.Min(width, _columns - (panel * width));
        byte* source = matrices.Memory.Pointer + (position * ElementBytes);
        if (columns < width)
        {
            new Span<byte>(destination, checked((int)(rows * width * ElementBytes))).Clear();
        }

        if (matrices.Strides[2] == 1)
        {
            CopyRows(source, destination, rows, columns * ElementBytes);
            return;
        }

        switch (ElementBytes)
        {
            case 1:
                Gather(source, destination, rows, columns);
                break;
            case 2:
                Gather((ushort*)source, (ushort*)destination, rows, columns);
                break;
            case 4:
                Gather((uint*)source, (uint*)destination, rows, columns);
                break;
            case 8:
                Gather((ulong*)source, (ulong*)destination, rows, columns);
                break;
            default:
                Gather((decimal*)source, (decimal*)destination, rows, columns);
                break;
        }
    }

    /// <summary>Rows of a panel are pieces of the matrix's rows.</summary>
    private void CopyRows(byte* source, byte* destination, long rows, int bytes)
    {
        long sourcePitch = matrices.Strides[1] * ElementBytes;
        int pitch = width * ElementBytes;
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

    /// <summary>What the processor copies in a few moves instead of a call.</summary>
    [StructLayout(LayoutKind.Sequential, Size = LineBytes)]
    private struct Line;
}
