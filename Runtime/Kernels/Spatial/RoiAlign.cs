using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Interpolated parts of regions of images (ONNX's RoiAlign). Neighbours and weights of a region's samples are computed once, along each axis, and used for all channels.
/// </summary>
/// <remarks>Threads share channels of regions, so results have the same bits for any number of them.</remarks>
public static unsafe class RoiAlign
{
    /// <summary>More samples along an axis are refused: a region that is far larger than any image asks for them.</summary>
    public const long MaximumSamples = 1 << 20;

    /// <summary>Computes the results of all regions.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="sizes">All sizes.</param>
    /// <param name="regions">[regions, 4]: left, top, right and bottom of each.</param>
    /// <param name="images">Which image each region is of.</param>
    /// <param name="output">[regions, channels, output height, output width].</param>
    /// <param name="options">How to sample.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A region is of an image that does not exist.</exception>
    /// <exception cref="ArgumentException">A region is too large to be sampled.</exception>
    public static void Run<T>(Workers workers, T* input, in RoiImages sizes, T* regions, long* images, T* output, in RoiAlignOptions options, string node)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Checked before anything is written: threads cannot throw.
        long samples = 0, most = 0;
        for (long region = 0; region < sizes.Regions; region++)
        {
            sizes.CheckImage(images[region], region, node);
            (RoiSamples<T> rows, RoiSamples<T> columns) = Samples(regions + (4 * region), sizes, options);
            long count = Math.Max(Math.Min(rows.PerPart, MaximumSamples + 1) * sizes.OutputHeight, Math.Min(columns.PerPart, MaximumSamples + 1) * sizes.OutputWidth);
            if (count > MaximumSamples)
            {
                throw new ArgumentException($"{node}: region {region} needs more than {MaximumSamples} samples along an axis; its coordinates are far outside of an image.", nameof(regions));
            }

            samples += rows.PerPart * sizes.OutputHeight * columns.PerPart * sizes.OutputWidth;
            most = Math.Max(most, count);
        }

        long items = sizes.Regions * sizes.Channels;
        if (items == 0)
        {
            return;
        }

        var work = new RoiAlignWork<T>(workers, input, sizes, regions, images, output, options, most);
        double bytes = (double)samples * sizes.Channels * 4 * GridSample.BytesPerTap;
        workers.Run(ref work, (int)Math.Clamp(Math.Min(bytes / MoveParts.MinimumBytesPerThread, items), 1, workers.Count));
    }

    internal static (RoiSamples<T> Rows, RoiSamples<T> Columns) Samples<T>(T* region, in RoiImages sizes, in RoiAlignOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (new(region[1], region[3], sizes.Height, sizes.OutputHeight, options), new(region[0], region[2], sizes.Width, sizes.OutputWidth, options));
}
