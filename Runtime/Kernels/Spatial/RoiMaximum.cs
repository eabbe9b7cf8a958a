using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>The largest elements of parts of regions of images (ONNX's MaxRoiPool).</summary>
public static unsafe class RoiMaximum
{
    /// <summary>Computes the results of all regions; a part that lies outside of its image gives 0.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="sizes">All sizes.</param>
    /// <param name="regions">[regions, 5]: the image, and left, top, right and bottom of each.</param>
    /// <param name="spatialScale">Factor from the regions' coordinates to the images'.</param>
    /// <param name="output">[regions, channels, output height, output width].</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="IndexOutOfRangeException">A region is of an image that does not exist.</exception>
    public static void Run<T>(Workers workers, T* input, in RoiImages sizes, T* regions, float spatialScale, T* output, string node)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (long region = 0; region < sizes.Regions; region++)
        {
            T image = regions[5 * region];
            sizes.CheckImage(T.IsNaN(image) ? -1 : long.CreateSaturating(image), region, node);
        }

        var work = new RoiMaximumWork<T>(input, sizes, regions, T.CreateTruncating(spatialScale), output);
        MoveParts.Run(workers, ref work, sizes.Regions * sizes.Channels, Math.Max(sizes.Plane, sizes.OutputPlane) * GridSample.BytesPerTap);
    }
}
