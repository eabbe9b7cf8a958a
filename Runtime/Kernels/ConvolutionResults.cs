using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Carries results from the cache to the output: drops the positions between rows and applies the epilogue.</summary>
internal static unsafe class ConvolutionResults
{
    /// <summary>
    /// Moves rows that are <paramref name="pitch"/> apart together. Writes up to one vector less one float beyond the last row, and
    /// reads as far beyond each row.
    /// </summary>
    public static void Compact<V>(float* source, nint pitch, float* destination, int rows, int columns)
        where V : struct, IVector<V>
    {
        for (int row = 0; row < rows; row++)
        {
            // Full vectors only: what a row writes too much, the next row overwrites.
            for (nint column = 0; column < columns; column += V.Count)
            {
                V.Store(V.Load(source + column), destination + column);
            }

            source += pitch;
            destination += columns;
        }
    }

    /// <summary>Writes a tile's results of one channel.</summary>
    /// <param name="epilogue">Applied to every value.</param>
    /// <param name="results">Values, row after row without gaps.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="columns">Values of a row.</param>
    /// <param name="channel">Output channel.</param>
    /// <param name="output">The whole output.</param>
    /// <param name="offset">Offset of the first value in the output.</param>
    /// <param name="outputPitch">Elements from one row to the next in the output.</param>
    public static void Write<V, TEpilogue>(
        ref TEpilogue epilogue, float* results, int rows, int columns, nint channel, float* output, nint offset, nint outputPitch)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        if (columns == outputPitch)
        {
            WriteRun<V, TEpilogue>(ref epilogue, results, (nint)rows * columns, channel, output, offset);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            WriteRun<V, TEpilogue>(ref epilogue, results, columns, channel, output, offset);
            results += columns;
            offset += outputPitch;
        }
    }

    /// <summary>Writes contiguous values of one channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRun<V, TEpilogue>(
        ref TEpilogue epilogue, float* results, nint count, nint channel, float* output, nint offset)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        float* destination = output + offset;
        nint index = 0;
        for (; index + V.Count <= count; index += V.Count)
        {
            V.Store(epilogue.Apply(V.Load(results + index), channel, offset + index), destination + index);
        }

        for (; index < count; index++)
        {
            ScalarFloat.Store(epilogue.Apply(ScalarFloat.Load(results + index), channel, offset + index), destination + index);
        }
    }
}
