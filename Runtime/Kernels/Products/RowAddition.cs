using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Adds multiples of up to eight rows of B to a row of sums. Each sum is one chain of multiply-adds in the order of the depth, as in <see cref="MatrixTile"/>.
/// </summary>
internal static unsafe class RowAddition
{
    /// <summary>sums[j] = (sums[j] if <paramref name="accumulate"/>, else 0) + Σ a[i] · B[i, j].</summary>
    /// <param name="a">Factors of the rows.</param>
    /// <param name="stepA">From one factor to the next.</param>
    /// <param name="b">The rows.</param>
    /// <param name="strideB">From one row to the next.</param>
    /// <param name="rows">Number of rows, 1 to 8.</param>
    /// <param name="sums">The sums.</param>
    /// <param name="columns">Number of sums.</param>
    /// <param name="accumulate">Whether to start from the sums that are there.</param>
    public static void Add<V>(float* a, nint stepA, float* b, nint strideB, nint rows, float* sums, nint columns, bool accumulate)
        where V : struct, IVector<V>
    {
        nint done = AddVectors<V>(a, stepA, b, strideB, rows, sums, columns, accumulate);
        if (V.Count > Vector128Float.Count && columns - done >= Vector128Float.Count)
        {
            done += AddVectors<Vector128Float>(a, stepA, b + done, strideB, rows, sums + done, columns - done, accumulate);
        }

        if (done < columns)
        {
            AddVectors<ScalarFloat>(a, stepA, b + done, strideB, rows, sums + done, columns - done, accumulate);
        }
    }

    /// <summary>Does so for as many columns as whole vectors take; returns how many these are.</summary>
    private static nint AddVectors<V>(float* a, nint stepA, float* b, nint strideB, nint rows, float* sums, nint columns, bool accumulate)
        where V : struct, IVector<V>
    {
        if (rows == 8)
        {
            return AddEight<V>(a, stepA, b, strideB, sums, columns, accumulate);
        }

        nint column = 0;
        for (; column + V.Count <= columns; column += V.Count)
        {
            V sum = accumulate ? V.Load(sums + column) : V.Zero;
            for (nint row = 0; row < rows; row++)
            {
                sum = V.MultiplyAdd(V.Broadcast(a[row * stepA]), V.Load(b + (row * strideB) + column), sum);
            }

            V.Store(sum, sums + column);
        }

        return column;
    }

    private static nint AddEight<V>(float* a, nint stepA, float* b, nint strideB, float* sums, nint columns, bool accumulate)
        where V : struct, IVector<V>
    {
        V x0 = V.Broadcast(*a), x1 = V.Broadcast(a[stepA]), x2 = V.Broadcast(a[2 * stepA]), x3 = V.Broadcast(a[3 * stepA]);
        V x4 = V.Broadcast(a[4 * stepA]), x5 = V.Broadcast(a[5 * stepA]), x6 = V.Broadcast(a[6 * stepA]), x7 = V.Broadcast(a[7 * stepA]);
        float* b1 = b + strideB, b2 = b1 + strideB, b3 = b2 + strideB, b4 = b3 + strideB, b5 = b4 + strideB, b6 = b5 + strideB, b7 = b6 + strideB;
        nint column = 0;
        for (; column + V.Count <= columns; column += V.Count)
        {
            V sum = accumulate ? V.Load(sums + column) : V.Zero;
            sum = V.MultiplyAdd(x0, V.Load(b + column), sum);
            sum = V.MultiplyAdd(x1, V.Load(b1 + column), sum);
            sum = V.MultiplyAdd(x2, V.Load(b2 + column), sum);
            sum = V.MultiplyAdd(x3, V.Load(b3 + column), sum);
            sum = V.MultiplyAdd(x4, V.Load(b4 + column), sum);
            sum = V.MultiplyAdd(x5, V.Load(b5 + column), sum);
            sum = V.MultiplyAdd(x6, V.Load(b6 + column), sum);
            sum = V.MultiplyAdd(x7, V.Load(b7 + column), sum);
            V.Store(sum, sums + column);
        }

        return column;
    }
}
