using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>How a convolution's tiles and panels of channels are shared out among threads.</summary>
internal readonly struct ConvolutionPlan(int parts, int panelsPerUnit)
{
    /// <summary>Pieces for each thread to take, so that unequal tiles level out.</summary>
    private const int UnitsPerThread = 4;

    public readonly int Parts = parts;
    public readonly int PanelsPerUnit = panelsPerUnit;

    public static ConvolutionPlan Create(Workers workers, in ConvolutionShape shape, in ConvolutionGeometry geometry, double multiplyAdds)
    {
        long tiles = geometry.TileCount(shape);
        int parts = Convolution.Parts(workers, multiplyAdds, tiles * shape.GroupPanels);

        // Splitting by channels too costs packing a tile more than once, so it is done only where tiles are too few.
        long pieces = parts == 1 ? 1 : (((long)parts * UnitsPerThread) + tiles - 1) / tiles;
        return new ConvolutionPlan(parts, (int)Math.Max(1, (shape.GroupPanels + pieces - 1) / pieces));
    }
}
