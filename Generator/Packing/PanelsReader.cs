using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Panels [batch, panels, rows, width] of a stack of matrices, some of whose columns each panel holds.</summary>
/// <param name="matrices">The matrices [batch, K, N] in memory.</param>
/// <param name="elementType">What a panel holds.</param>
/// <param name="rows">Rows of a panel.</param>
/// <param name="width">Columns of a panel.</param>
internal abstract unsafe class PanelsReader(StridedView matrices, ElementType elementType, long rows, int width) : ElementReader(
    elementType,
    checked(matrices.Shape[0] * ((matrices.Shape[2] + width - 1) / width) * rows * width))
{
    // Rows whose pieces go to their panels before the next rows' do: enough that a panel is written in pieces of some hundred bytes, few enough that the processor fetches all of them ahead.
    private const int BlockRows = 8;

    private readonly long _panels = (matrices.Shape[2] + width - 1) / width;
    private readonly long _panelElements = rows * width;

    // Where a row's columns lie side by side those of several panels do, else each panel is made as a whole.
    private readonly long _together = matrices.Strides[2] == 1 ? BlockRows : Math.Max(1, rows);

    protected StridedView Matrices { get; } = matrices;

    protected int Width { get; } = width;

    public sealed override void Read(long first, long count, byte* destination)
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
    public sealed override void ReadRuns(long first, long run, long runs, byte* destination, long pitch)
    {
        if (run == 0 || first % _panelElements != 0 || run % _panelElements != 0)
        {
            base.ReadRuns(first, run, runs, destination, pitch);
            return;
        }

        long panelsPerRun = run / _panelElements;
        byte* Destination(long panel) => destination + (panel / panelsPerRun * pitch) + (panel % panelsPerRun * _panelElements * ElementBytes);
        for (long done = 0; done < panelsPerRun * runs;)
        {
            long panel = (first / _panelElements) + done;
            long panels = Math.Min((panelsPerRun * runs) - done, _panels - (panel % _panels));
            for (long row = 0; row < rows; row += _together)
            {
                for (long index = 0; index < panels; index++)
                {
                    ReadRows(panel + index, row, Math.Min(_together, rows - row), Destination(done + index) + (row * Width * ElementBytes));
                }
            }

            done += panels;
        }
    }

    /// <summary>Whole rows of a panel.</summary>
    /// <param name="batch">The matrix.</param>
    /// <param name="firstColumn">The matrix's column that is the panel's first.</param>
    /// <param name="columns">How many columns the matrix has there.</param>
    /// <param name="firstRow">The panel's row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="destination">Where they go; zeros where the matrix has no column.</param>
    protected abstract void ReadRows(long batch, long firstColumn, int columns, long firstRow, long count, byte* destination);

    /// <summary>Elements of one panel.</summary>
    private void ReadPart(long first, long count, byte* destination)
    {
        long panel = first / _panelElements;
        long row = first % _panelElements / Width;
        long skip = first % Width;
        if (skip != 0)
        {
            long elements = Math.Min(count, Width - skip);
            ReadPieceOfRow(panel, row++, skip, elements, destination);
            count -= elements;
            destination += elements * ElementBytes;
        }

        long whole = count / Width;
        ReadRows(panel, row, whole, destination);
        long rest = count % Width;
        if (rest != 0)
        {
            ReadPieceOfRow(panel, row + whole, 0, rest, destination + (whole * Width * ElementBytes));
        }
    }

    /// <summary>The row is made whole and cut.</summary>
    private void ReadPieceOfRow(long panel, long row, long skip, long count, byte* destination)
    {
        byte* whole = stackalloc byte[Width * ElementBytes];
        ReadRows(panel, row, 1, whole);
        Buffer.MemoryCopy(whole + (skip * ElementBytes), destination, count * ElementBytes, count * ElementBytes);
    }

    private void ReadRows(long panel, long row, long count, byte* destination)
    {
        if (count == 0)
        {
            return;
        }

        long firstColumn = panel % _panels * Width;
        int columns = (int)Math.Min(Width, Matrices.Shape[2] - firstColumn);
        if (columns < Width)
        {
            new Span<byte>(destination, checked((int)(count * Width * ElementBytes))).Clear();
        }

        ReadRows(panel / _panels, firstColumn, columns, row, count, destination);
    }
}
