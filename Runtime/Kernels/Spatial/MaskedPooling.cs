using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Maximum pooling under a mask (com.microsoft's MaxpoolWithMask).</summary>
public static unsafe class MaskedPooling
{
    /// <summary>
    /// Largest element of every window, of whose rows nothing counts from the first element on that the mask hides. The first element of an image is never hidden, and a window of nothing
    /// gives the smallest finite number.
    /// </summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="mask">[planes, depth, height, width]: 0 hides an element.</param>
    /// <param name="maskPlanes">Images and channels of the mask, taken in turn where there are fewer than of the input.</param>
    /// <param name="output">[Batch, Channels, depth, height, width].</param>
    public static void Maximum(Workers workers, in PoolingShape shape, float* input, int* mask, long maskPlanes, float* output)
    {
        shape.Validate();
        var work = new MaskedPoolingWork(shape, input, mask, maskPlanes, output);
        MoveParts.Run(workers, ref work, (long)shape.Batch * shape.Channels, shape.OutputPlane * shape.Depth.Kernel * shape.Height.Kernel * shape.Width.Kernel * 8);
    }
}
