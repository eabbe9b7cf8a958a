using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Samples images at the positions of a grid (ONNX's GridSample), in any number of axes. Offsets and weights of a position are computed once and used for all channels.
/// </summary>
/// <remarks>Threads share positions, so results have the same bits for any number of them.</remarks>
public static unsafe class GridSample
{
    /// <summary>Spatial axes that a position can have.</summary>
    public const int MaximumAxes = 5;

    /// <summary>Taps of the positions of a block: 16 KiB of offsets and weights stay in the nearest cache.</summary>
    internal const int BlockTaps = 1024;

    /// <summary>A tap takes about as long as copying so many bytes from a cache: what threads are shared out by.</summary>
    internal const int BytesPerTap = 16;

    /// <summary>Interpolates.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <typeparam name="TGrid">float or double: the precision of positions.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[batch, channels, sizes].</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="sizes">Spatial sizes, at most <see cref="MaximumAxes"/>.</param>
    /// <param name="grid">[batch, positions, axes]: coordinates from the innermost axis outwards; -1 and 1 are the borders of the image.</param>
    /// <param name="positions">Positions of an image.</param>
    /// <param name="output">[batch, channels, positions].</param>
    /// <param name="filter">The filter.</param>
    /// <param name="padding">What lies outside.</param>
    /// <param name="alignsCorners">Whether the borders are the centres of the outer elements, and not their edges.</param>
    public static void Interpolate<T, TGrid>(
        Workers workers, T* input, long batch, long channels, ReadOnlySpan<long> sizes, TGrid* grid, long positions, T* output, GridFilter filter, GridPadding padding, bool alignsCorners)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
    {
        var work = new GridSampleWork<T, TGrid>(input, channels, MoveShape.Count(sizes), grid, positions, output, new GridLocator(sizes, filter, padding, alignsCorners));
        MoveParts.Run(workers, ref work, batch * work.Blocks, work.BlockPositions * (channels + 4) * work.Taps * BytesPerTap);
    }

    /// <summary>Picks the nearest element of every position, of any type.</summary>
    /// <typeparam name="T">A type of the elements' size.</typeparam>
    /// <typeparam name="TGrid">float or double: the precision of positions.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[batch, channels, sizes].</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="sizes">Spatial sizes, at most <see cref="MaximumAxes"/>.</param>
    /// <param name="grid">[batch, positions, axes]: coordinates from the innermost axis outwards; -1 and 1 are the borders of the image.</param>
    /// <param name="positions">Positions of an image.</param>
    /// <param name="output">[batch, channels, positions].</param>
    /// <param name="padding">What lies outside; zeros are elements without a bit.</param>
    /// <param name="alignsCorners">Whether the borders are the centres of the outer elements, and not their edges.</param>
    public static void Pick<T, TGrid>(
        Workers workers, T* input, long batch, long channels, ReadOnlySpan<long> sizes, TGrid* grid, long positions, T* output, GridPadding padding, bool alignsCorners)
        where T : unmanaged
        where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
    {
        var work = new GridPickWork<T, TGrid>(input, channels, MoveShape.Count(sizes), grid, positions, output, new GridLocator(sizes, GridFilter.Nearest, padding, alignsCorners));
        MoveParts.Run(workers, ref work, batch * positions, (channels + 4) * BytesPerTap);
    }
}
