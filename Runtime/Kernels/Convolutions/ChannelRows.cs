using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Carries pixels between planes of channels and blocks of 16 channels, sixteen of each at a time.</summary>
internal static unsafe class ChannelRows
{
    private const int Block = ChannelBlocks.Channels;

    /// <summary>Floats that one channel of <see cref="Write"/>'s transposed results takes.</summary>
    public static nint TransposedPitch(nint pixels) => ((pixels + Block - 1) / Block * Block) + Block;

    /// <summary>destination[pixel][channel] = source[channel][pixel]. Lanes beyond the channels, and up to 15 pixels beyond the last, are left with anything.</summary>
    /// <param name="source">First pixel of the first channel.</param>
    /// <param name="plane">Floats from one channel to the next.</param>
    /// <param name="channels">Channels there are, 1 to 16.</param>
    /// <param name="pixels">Contiguous pixels.</param>
    /// <param name="end">End of the whole input, which is not to be read beyond.</param>
    /// <param name="destination">Receives 16 lanes a pixel.</param>
    public static void Read<V>(float* source, nint plane, int channels, int pixels, float* end, float* destination)
        where V : struct, IVector<V>
    {
        for (int lane = 0; lane < channels; lane += V.Count)
        {
            float* first = source + (lane * plane);
            nint last = Math.Min(V.Count, channels - lane) - 1;
            int pixel = 0;

            // What a full vector reads beyond the row belongs to the next, except at the input's end.
            float* limit = end - V.Count - (last * plane);
            for (; pixel < pixels && first + pixel <= limit; pixel += V.Count)
            {
                BlockTransposition.Transpose<V>(first + pixel, plane, last, destination + ((nint)pixel * Block) + lane, Block);
            }

            for (; pixel < pixels; pixel++)
            {
                for (nint row = 0; row <= last; row++)
                {
                    destination[((nint)pixel * Block) + lane + row] = first[(row * plane) + pixel];
                }
            }
        }
    }

    /// <summary>Applies the epilogue to contiguous pixels of up to 16 channels and writes them to their planes.</summary>
    /// <param name="epilogue">Applied to every value.</param>
    /// <param name="results">[pixel][lane]; up to 15 pixels beyond the last are read.</param>
    /// <param name="step">Floats from one pixel to the next.</param>
    /// <param name="pixels">Contiguous pixels.</param>
    /// <param name="channels">Channels, 1 to 16.</param>
    /// <param name="channel">Number of the first.</param>
    /// <param name="transposed">Room for 16 times <see cref="TransposedPitch"/> floats.</param>
    /// <param name="output">The whole output.</param>
    /// <param name="offset">Offset of the first pixel of the first channel.</param>
    /// <param name="plane">Floats from one channel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<V, TEpilogue>(
        ref TEpilogue epilogue, float* results, nint step, int pixels, int channels, nint channel, float* transposed, float* output, nint offset, nint plane)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        nint pitch = TransposedPitch(pixels);
        for (int lane = 0; lane < channels; lane += V.Count)
        {
            for (nint pixel = 0; pixel < pixels; pixel += V.Count)
            {
                BlockTransposition.Transpose<V>(results + (pixel * step) + lane, step, V.Count - 1, transposed + (lane * pitch) + pixel, pitch);
            }
        }

        for (int lane = 0; lane < channels; lane++)
        {
            ConvolutionResults.WriteRun<V, TEpilogue>(ref epilogue, transposed + (lane * pitch), pixels, channel + lane, output, offset + (lane * plane));
        }
    }
}
