using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Carries results from the cache to the output: drops the positions between rows and applies the epilogue.</summary>
internal static unsafe class ConvolutionResults
{
    /// <summary>Writes a tile's results of one channel.</summary>
    /// <param name="epilogue">Applied to every value.</param>
    /// <param name="results">Values; full vectors may be read beyond each row.</param>
    /// <param name="pitch">Floats from one row of results to the next.</param>
    /// <param name="compact">Room for all values and one vector, to move short rows together.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="columns">Values of a row.</param>
    /// <param name="channel">Output channel.</param>
    /// <param name="output">The whole output.</param>
    /// <param name="offset">Offset of the first value in the output.</param>
    /// <param name="outputPitch">Elements from one row to the next in the output.</param>
    public static void Write<V, TEpilogue>(
        ref TEpilogue epilogue,
        float* results,
        nint pitch,
        float* compact,
        int rows,
        int columns,
        nint channel,
        float* output,
        nint offset,
        nint outputPitch)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        if (columns == outputPitch && (columns == pitch || rows == 1))
        {
            WriteRun<V, TEpilogue>(ref epilogue, results, (nint)rows * columns, channel, output, offset);
        }
        else if (columns == outputPitch && columns < 2 * V.Count)
        {
            // Rows of less than two vectors are mostly tail; together they have one tail.
            Compact<V>(results, pitch, compact, rows, columns);
            WriteRun<V, TEpilogue>(ref epilogue, compact, (nint)rows * columns, channel, output, offset);
        }
        else
        {
            for (int row = 0; row < rows; row++)
            {
                WriteRun<V, TEpilogue>(ref epilogue, results, columns, channel, output, offset);
                results += pitch;
                offset += outputPitch;
            }
        }
    }

    /// <summary>Writes contiguous values of one channel; the tail goes in ever narrower vectors, since an epilogue can be long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRun<V, TEpilogue>(
        ref TEpilogue epilogue, float* results, nint count, nint channel, float* output, nint offset)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue
    {
        nint index = 0;
        for (; index + V.Count <= count; index += V.Count)
        {
            Write<V, TEpilogue>(ref epilogue, results, index, channel, output, offset);
        }

        if (V.Count > 8 && index + 8 <= count)
        {
            Write<Vector256Float, TEpilogue>(ref epilogue, results, index, channel, output, offset);
            index += 8;
        }

        if (V.Count > 4 && index + 4 <= count)
        {
            Write<Vector128Float, TEpilogue>(ref epilogue, results, index, channel, output, offset);
            index += 4;
        }

        for (; index < count; index++)
        {
            Write<ScalarFloat, TEpilogue>(ref epilogue, results, index, channel, output, offset);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<V, TEpilogue>(ref TEpilogue epilogue, float* results, nint index, nint channel, float* output, nint offset)
        where V : struct, IVector<V>
        where TEpilogue : struct, IChannelEpilogue =>
        V.Store(epilogue.Apply(V.Load(results + index), channel, offset + index), output + offset + index);

    /// <summary>
    /// Moves rows that are <paramref name="pitch"/> apart together. Writes up to one vector less one float beyond the last row, and
    /// reads as far beyond each row.
    /// </summary>
    private static void Compact<V>(float* source, nint pitch, float* destination, int rows, int columns)
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
}
