using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Maximum and average pooling in one, two or three dimensions, float64.</summary>
public static unsafe class DoublePooling
{
    /// <summary>Largest element of every window; padding never counts, and NaN is passed over.</summary>
    /// <param name="workers">Threads to use; they share images and channels.</param>
    /// <param name="shape">Sizes; <c>ceil_mode</c> is in the outputs' sizes.</param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="output">[Batch, Channels, depth, height, width].</param>
    /// <param name="indices">As output: element offsets in the whole input, −1 for a window that lies in the padding; may be null.</param>
    /// <param name="isColumnMajor">Whether offsets within a channel count along the outermost axis first (storage_order 1).</param>
    public static void Maximum(Workers workers, in PoolingShape shape, double* input, double* output, long* indices, bool isColumnMajor) =>
        Run(workers, new DoublePoolingWork(shape, input, output) { IsMaximum = true, Indices = indices, IsColumnMajor = isColumnMajor }, shape);

    /// <summary>Mean of every window.</summary>
    /// <param name="workers">Threads to use; they share images and channels.</param>
    /// <param name="shape">Sizes; <c>ceil_mode</c> is in the outputs' sizes.</param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="output">[Batch, Channels, depth, height, width].</param>
    /// <param name="includePadding">Whether zeros of the padding count as elements; what a window has beyond the padding never does.</param>
    public static void Average(Workers workers, in PoolingShape shape, double* input, double* output, bool includePadding) =>
        Run(workers, new DoublePoolingWork(shape, input, output) { IncludesPadding = includePadding }, shape);

    private static void Run(Workers workers, DoublePoolingWork work, in PoolingShape shape)
    {
        shape.Validate();
        MoveParts.Run(workers, ref work, (long)shape.Batch * shape.Channels, shape.OutputPlane * shape.Depth.Kernel * shape.Height.Kernel * shape.Width.Kernel * 16);
    }
}
