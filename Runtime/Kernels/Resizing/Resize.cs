using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Resizes the last two axes of float32 tensors.</summary>
/// <remarks>Threads share output rows, so the result has the same bits for any number of them.</remarks>
public static unsafe class Resize
{
    /// <summary>Output elements below which a resize does not use one more thread; a thread's share then takes about as long as waking it (a few µs).</summary>
    public const long MinimumWorkPerThread = 8 * 1024;

    /// <summary>Copies the nearest input element to each output element.</summary>
    /// <typeparam name="TEpilogue">What follows the resize.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="height">The second to last axis; <c>ResizeAxis.Unchanged(1)</c> for 1-D.</param>
    /// <param name="width">The last, contiguous axis.</param>
    /// <param name="coordinates">How coordinates map.</param>
    /// <param name="rounding">How coordinates are rounded.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="output">[batch, channels, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size, scale or mode is out of range.</exception>
    public static void Nearest<TEpilogue>(
        Workers workers,
        int batch,
        int channels,
        ResizeAxis height,
        ResizeAxis width,
        ResizeCoordinates coordinates,
        ResizeRounding rounding,
        float* input,
        float* output,
        TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue =>
        Run(new ResizeAction<TEpilogue>(workers, batch, channels, height, width, coordinates, rounding, false, input, output, epilogue), height, width);

    /// <summary>Blends the two (along each axis) input elements around each output element; beyond the border the border's elements go on.</summary>
    /// <typeparam name="TEpilogue">What follows the resize.</typeparam>
    /// <param name="workers">Threads to use; serial below <see cref="MinimumWorkPerThread"/>.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="height">The second to last axis; <c>ResizeAxis.Unchanged(1)</c> for 1-D.</param>
    /// <param name="width">The last, contiguous axis.</param>
    /// <param name="coordinates">How coordinates map.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="output">[batch, channels, height, width]; must not overlap the input.</param>
    /// <param name="epilogue">Applied once to every output element.</param>
    /// <exception cref="ArgumentException">A size, scale or mode is out of range.</exception>
    public static void Linear<TEpilogue>(
        Workers workers,
        int batch,
        int channels,
        ResizeAxis height,
        ResizeAxis width,
        ResizeCoordinates coordinates,
        float* input,
        float* output,
        TEpilogue epilogue)
        where TEpilogue : struct, IChannelEpilogue =>
        Run(new ResizeAction<TEpilogue>(workers, batch, channels, height, width, coordinates, default, true, input, output, epilogue), height, width);

    private static void Run<TEpilogue>(ResizeAction<TEpilogue> action, ResizeAxis height, ResizeAxis width)
        where TEpilogue : struct, IChannelEpilogue
    {
        height.Validate(nameof(height));
        width.Validate(nameof(width));
        VectorDispatch.Run(ref action);
    }
}
