using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Maximum and average pooling in one, two or three dimensions, float32. Windows are reduced down their rows first, with lanes along
/// the input's width, then along the row.
/// </summary>
/// <remarks>Threads share output rows, so the result has the same bits for any number of them.</remarks>
public static unsafe class Pooling
{
    /// <summary>
    /// Window elements below which a pooling does not use one more thread; a thread's share then takes some 4 µs, where one that spins begins within 1 µs.
    /// </summary>
    public const long MinimumWorkPerThread = 8 * 1024;

    /// <summary>Largest element of every window; padding never counts.</summary>
    /// <remarks>
    /// A NaN wins over what came before it in the window and loses to what comes after, column by column and then along the row,
    /// as in ONNX Runtime's vectorised kernel; the reduction of a window that touches the padding left or right starts at the smallest finite float.
    /// </remarks>
    /// <typeparam name="TEpilogue">What follows the pooling.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; <c>ceil_mode</c> is in the outputs' sizes.</param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="output">[Batch, Channels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public static void Max<TEpilogue>(Workers workers, in PoolingShape shape, float* input, float* output, TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        var action = new PoolingAction<MaximumPooling, TEpilogue>(workers, shape, false, input, output, epilogue);
        VectorDispatch.Run(ref action);
    }

    /// <summary>Largest element of every window and where it is.</summary>
    /// <remarks>The first of equal elements counts and NaN is passed over, as in ONNX Runtime; a window of nothing greater than the smallest finite float gives that and its first element's place.</remarks>
    /// <typeparam name="TEpilogue">What follows the pooling; does not affect the indices.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; <c>ceil_mode</c> is in the outputs' sizes.</param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="output">[Batch, Channels, depth, height, width]; must not overlap the input.</param>
    /// <param name="indices">As output: element offsets in the whole input ; −1 for a window that lies in the padding.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <param name="isColumnMajor">Whether offsets within a channel count along the outermost axis first (storage_order 1).</param>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public static void MaxWithIndices<TEpilogue>(
        Workers workers, in PoolingShape shape, float* input, float* output, long* indices, TEpilogue epilogue, bool isColumnMajor = false)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        var work = new IndexedPoolingWork<TEpilogue>(shape, input, output, indices, isColumnMajor, epilogue);
        workers.Run(ref work, Parts(workers, shape, work.Units));
    }

    /// <summary>Mean of every window.</summary>
    /// <typeparam name="TEpilogue">What follows the pooling.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="shape">Sizes; <c>ceil_mode</c> is in the outputs' sizes.</param>
    /// <param name="includePadding">
    /// Whether zeros of the padding (PadBegin, PadEnd) count as elements; what a window has beyond the padding never does.
    /// </param>
    /// <param name="input">[Batch, Channels, depth, height, width].</param>
    /// <param name="output">[Batch, Channels, depth, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public static void Average<TEpilogue>(
        Workers workers, in PoolingShape shape, bool includePadding, float* input, float* output, TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue
    {
        shape.Validate();
        var action = new PoolingAction<AveragePooling, TEpilogue>(workers, shape, includePadding, input, output, epilogue);
        VectorDispatch.Run(ref action);
    }

    internal static int Parts(Workers workers, in PoolingShape shape, long units)
    {
        double elements = (double)shape.Batch * shape.Channels * shape.OutputPlane * shape.Depth.Kernel * shape.Height.Kernel * shape.Width.Kernel;
        return (int)Math.Clamp(Math.Min(elements / MinimumWorkPerThread, units), 1, workers.Count);
    }
}
