using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Crops of images, resized with aligned corners (com.microsoft's CropAndResize).</summary>
public static unsafe class CropAndResize
{
    /// <summary>Computes all crops.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="sizes">All sizes.</param>
    /// <param name="regions">[regions, 4]: top, left, bottom and right of each, as parts of the image: 0 is its first row, 1 its last.</param>
    /// <param name="images">Which image each region is of.</param>
    /// <param name="isNearest">Whether the nearest element is taken, and not the four around a position.</param>
    /// <param name="outside">What there is outside of an image.</param>
    /// <param name="output">[regions, channels, output height, output width].</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A region is of an image that does not exist.</exception>
    public static void Run<T>(Workers workers, T* input, in RoiImages sizes, T* regions, int* images, bool isNearest, float outside, T* output, string node)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (long region = 0; region < sizes.Regions; region++)
        {
            sizes.CheckImage(images[region], region, node);
        }

        var work = new CropAndResizeWork<T>(input, sizes, regions, images, isNearest, T.CreateTruncating(outside), output);
        MoveParts.Run(workers, ref work, sizes.Regions * sizes.OutputHeight, sizes.OutputWidth * (sizes.Channels + 1) * 4 * GridSample.BytesPerTap);
    }
}
