namespace Cameo.Kernels;

/// <summary>How one matrix product is cut into items that threads take one after the other: blocks of rows × groups of panels.</summary>
internal readonly struct MatrixPartition
{
    /// <summary>
    /// Least multiply-adds of a thread. 128 Ki take some 3 µs from the first-level cache and 10 µs from memory, about what handing a part to a
    /// waiting worker costs.
    /// </summary>
    public const long MinimumWorkPerThread = 128 * 1024;

    /// <summary>
    /// Most rows of a block. Each panel is read from memory once per block: with 144 rows that is 0.4 bytes a cycle, which memory supplies to several cores.
    /// </summary>
    private const int MaximumBlockRows = 144;

    /// <summary>
    /// Bytes of a block's rows that are in use at a time. They should stay in a second-level cache of 1 MiB beside two parts of a panel, the one in use
    /// and the one being fetched (measured at depth 1024: 96 rows 95 %, 144 rows 92 % of the multiply-add limit).
    /// </summary>
    private const int BlockBytes = 448 * 1024;

    /// <summary>Bytes of a block's rows that stream from the third-level cache for every panel, where several threads may each have their own.</summary>
    private const int StreamedBlockBytes = 4 * 1024 * 1024;

    // With several items a thread, one that is held up leaves its share to the others.
    private const int ItemsPerThread = 4;

    private readonly nint _rows;
    private readonly nint _panels;

    private MatrixPartition(int threads, nint rows, nint rowsPerBlock, nint blocks, nint panels, nint panelsPerGroup, nint groups)
    {
        _rows = rows;
        _panels = panels;
        Threads = threads;
        RowsPerBlock = rowsPerBlock;
        Blocks = blocks;
        PanelsPerGroup = panelsPerGroup;
        Groups = groups;
    }

    /// <summary>Threads that pay off.</summary>
    public int Threads { get; }

    /// <summary>Rows of each block but the last.</summary>
    public nint RowsPerBlock { get; }

    /// <summary>Number of blocks of rows.</summary>
    public nint Blocks { get; }

    /// <summary>Panels of each group but the last.</summary>
    public nint PanelsPerGroup { get; }

    /// <summary>Number of groups of panels.</summary>
    public nint Groups { get; }

    /// <summary>Items of one product.</summary>
    public nint Items => Blocks * Groups;

    /// <summary>Cuts <paramref name="batches"/> products of the same size, without dividing units of <paramref name="panelsPerUnit"/> panels.</summary>
    public static MatrixPartition Create(int workers, nint batches, nint rows, nint columns, nint depth, int panelsPerUnit = 1) =>
        Create(workers, batches, rows, columns, depth, panelsPerUnit, Math.Min(BlockBytes / (Math.Clamp(depth, 1, MatrixBlock.DepthBlock) * sizeof(float)), MaximumBlockRows));

    /// <summary>
    /// Cuts products whose right operand is packed by the run itself, panel by panel and anew for each block of rows: blocks are as large as rows of A may stream past for every panel
    /// from the third-level cache, 2 bytes a cycle.
    /// </summary>
    public static MatrixPartition CreateUnpacked(int workers, nint batches, nint rows, nint columns, nint depth) =>
        Create(workers, batches, rows, columns, depth, 1, Math.Max(StreamedBlockBytes / (Math.Max(depth, 1) * sizeof(float)), MaximumBlockRows));

    private static MatrixPartition Create(int workers, nint batches, nint rows, nint columns, nint depth, int panelsPerUnit, nint target)
    {
        double work = (double)batches * rows * columns * depth;
        var threads = (int)Math.Clamp(work / MinimumWorkPerThread, 1, workers);
        nint panels = PanelCount(columns);
        nint wantedItems = threads == 1 ? 1 : threads * ItemsPerThread;

        // Blocks are whole tiles of the widest kernel, so that only the last block has a smaller one.
        nint blocks = CeilingDivide(rows, target);
        if (batches * blocks * panels < wantedItems)
        {
            blocks = Math.Min(CeilingDivide(wantedItems, batches * panels), CeilingDivide(rows, MatrixTile.MaximumRows));
        }

        nint rowsPerBlock = CeilingDivide(CeilingDivide(rows, blocks), MatrixTile.MaximumRows) * MatrixTile.MaximumRows;
        blocks = CeilingDivide(rows, rowsPerBlock);

        nint groups = Math.Clamp(CeilingDivide(wantedItems, batches * blocks), 1, panels);
        nint panelsPerGroup = CeilingDivide(CeilingDivide(panels, groups), panelsPerUnit) * panelsPerUnit;
        return new(threads, rows, rowsPerBlock, blocks, panels, panelsPerGroup, CeilingDivide(panels, panelsPerGroup));
    }

    /// <summary>The rows and panels of an item.</summary>
    public MatrixItem ItemAt(nint item)
    {
        (nint block, nint group) = Math.DivRem(item, Groups);
        nint row = block * RowsPerBlock;
        nint panel = group * PanelsPerGroup;
        return new(block, row, Math.Min(RowsPerBlock, _rows - row), panel, Math.Min(panel + PanelsPerGroup, _panels));
    }

    /// <summary>Panels of a right operand.</summary>
    public static nint PanelCount(nint columns) => CeilingDivide(columns, MatrixMultiply.PanelColumns);

    private static nint CeilingDivide(nint dividend, nint divisor) => (dividend + divisor - 1) / divisor;
}
