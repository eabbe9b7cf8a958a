namespace Cameo.Kernels;

/// <summary>One block of tiles: the image and group, and the rectangle of tiles.</summary>
internal readonly struct WinogradBlock
{
    public readonly nint Image;
    public readonly int Group;
    public readonly int FirstRow;
    public readonly int Rows;
    public readonly int FirstColumn;
    public readonly int Columns;

    /// <summary>Block number <paramref name="index"/> of <see cref="WinogradGeometry.BlockCount"/>.</summary>
    public WinogradBlock(in WinogradGeometry geometry, in ConvolutionShape shape, long index)
    {
        (index, long wide) = Math.DivRem(index, geometry.BlocksWide);
        (index, long high) = Math.DivRem(index, geometry.BlocksHigh);
        (index, long group) = Math.DivRem(index, shape.Groups);
        Image = (nint)index;
        Group = (int)group;
        FirstRow = (int)high * geometry.Rows;
        Rows = Math.Min(geometry.Rows, geometry.TilesHigh - FirstRow);
        FirstColumn = (int)wide * geometry.Columns;
        Columns = Math.Min(geometry.Columns, geometry.TilesWide - FirstColumn);
    }

    public int Tiles => Rows * Columns;
}
