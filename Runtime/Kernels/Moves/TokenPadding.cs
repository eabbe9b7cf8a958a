namespace Cameo.Kernels;

/// <summary>Takes tokens out of rows that are padded behind them.</summary>
public static unsafe class TokenPadding
{
    /// <summary>How many tokens there are.</summary>
    /// <param name="counts">[rows] tokens of each row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="positions">Tokens that a row has room for.</param>
    /// <param name="node">The node, for the message.</param>
    /// <exception cref="ArgumentException">A row is said to have less than no tokens, or more than it has room for.</exception>
    public static long Count(int* counts, long rows, long positions, string node)
    {
        long sum = 0;
        for (long row = 0; row < rows; row++)
        {
            if (counts[row] < 0 || counts[row] > positions)
            {
                throw new ArgumentException($"{node}: row {row} is said to have {counts[row]} tokens, of {positions}.");
            }

            sum += counts[row];
        }

        return sum;
    }

    /// <summary>Writes the tokens of all rows one after the other.</summary>
    /// <param name="input">[rows, positions] tokens.</param>
    /// <param name="counts">[rows] tokens of each row; checked by <see cref="Count"/>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="positions">Tokens that a row has room for.</param>
    /// <param name="tokenBytes">Bytes of a token.</param>
    /// <param name="output">[count] tokens.</param>
    /// <param name="places">[rows · positions] receives the places of the tokens, then those of the padding; may be null.</param>
    /// <param name="ends">[rows + 1] receives how many tokens there are before each row, and in all; may be null.</param>
    /// <param name="longest">[1] receives the tokens of the longest row; may be null.</param>
    public static void Remove(byte* input, int* counts, long rows, long positions, long tokenBytes, byte* output, int* places, int* ends, int* longest)
    {
        long done = 0, padding = 0, most = 0;
        for (long row = 0; row < rows; row++)
        {
            padding += counts[row];
        }

        for (long row = 0; row < rows; row++)
        {
            long count = counts[row];
            Buffer.MemoryCopy(input + (row * positions * tokenBytes), output + (done * tokenBytes), count * tokenBytes, count * tokenBytes);
            for (long position = 0; places != null && position < positions; position++)
            {
                places[position < count ? done + position : padding++] = (int)((row * positions) + position);
            }

            if (ends != null)
            {
                ends[row] = (int)done;
            }

            done += count;
            most = Math.Max(most, count);
        }

        if (ends != null)
        {
            ends[rows] = (int)done;
        }

        if (longest != null)
        {
            *longest = (int)most;
        }
    }
}
