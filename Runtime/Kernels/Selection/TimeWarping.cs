namespace Cameo.Kernels;

/// <summary>The cheapest way through a matrix of costs from its first element to its last, one step down, right or both at a time.</summary>
public static unsafe class TimeWarping
{
    /// <summary>Finds the way.</summary>
    /// <param name="costs">[rows, columns].</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="sums">Memory for 2 · (columns + 1) numbers.</param>
    /// <param name="steps">Memory for (rows + 1) · (columns + 1) bytes.</param>
    /// <returns>How many elements the way has.</returns>
    public static long Find(float* costs, long rows, long columns, float* sums, byte* steps)
    {
        long width = columns + 1;
        float* before = sums;
        float* current = sums + width;
        for (long column = 0; column < width; column++)
        {
            before[column] = column == 0 ? 0 : float.PositiveInfinity;
            steps[column] = Left;
        }

        for (long row = 1; row <= rows; row++)
        {
            current[0] = float.PositiveInfinity;
            steps[row * width] = Up;
            for (long column = 1; column < width; column++)
            {
                (float both, float up, float left) = (before[column - 1], before[column], current[column - 1]);
                (byte step, float best) = both < up && both < left ? (Both, both) : up < both && up < left ? (Up, up) : (Left, left);
                steps[(row * width) + column] = step;
                current[column] = costs[((row - 1) * columns) + column - 1] + best;
            }

            float* next = before;
            before = current;
            current = next;
        }

        long count = 0;
        for ((long row, long column) = (rows, columns); row > 0 || column > 0; count++)
        {
            Back(steps[(row * width) + column], ref row, ref column);
        }

        return count;
    }

    /// <summary>Writes the way.</summary>
    /// <param name="steps">What <see cref="Find"/> left.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="count">How many elements the way has.</param>
    /// <param name="result">Receives [2, count]: rows, then columns.</param>
    public static void Write(byte* steps, long rows, long columns, long count, int* result)
    {
        (long row, long column) = (rows, columns);
        for (long index = count - 1; index >= 0; index--)
        {
            result[index] = (int)row - 1;
            result[count + index] = (int)column - 1;
            Back(steps[(row * (columns + 1)) + column], ref row, ref column);
        }
    }

    private const byte Both = 0;
    private const byte Up = 1;
    private const byte Left = 2;

    private static void Back(byte step, ref long row, ref long column)
    {
        row -= step == Left ? 0 : 1;
        column -= step == Up ? 0 : 1;
    }
}
