using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// The innermost matrix product: some rows of A times a strip of B that is two vectors wide, all sums in registers.
/// Each sum is one chain of multiply-adds in the order of the depth, so that its bits do not depend on the tile it falls into.
/// </summary>
internal static unsafe partial class MatrixTile
{
    /// <summary>Floats from one row of sums to the next where they are kept apart from C: the width of a panel, of which a tile writes one strip.</summary>
    public const int SumStride = MatrixMultiply.PanelColumns;

    /// <summary>Most rows of any tile.</summary>
    public const int MaximumRows = 12;

    /// <summary>
    /// Rows of the largest tile: sums of rows × 2 vectors, two vectors of B and one element of A must fit the registers,
    /// 32 of them with AVX-512 and else 16 (12 · 2 + 3 = 27, 6 · 2 + 3 = 15).
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 12 : 6;

    /// <summary>
    /// Rows of the tile to use when this many rows are left, never more than that. The last rows are shared evenly by two tiles, because one with few sums would wait for each
    /// other's latency and read B for little.
    /// </summary>
    public static int RowsFor<V>(nint left)
        where V : struct, IVector<V>
    {
        nint rows = V.Count == 16
            ? (left <= 8 ? left : left == 12 || left > 16 ? 12 : (left + 1) / 2)
            : (left <= 6 ? left : left >= 12 ? 6 : (left + 1) / 2);
        return (int)rows;
    }

    /// <summary>sums[rows, 2 vectors] = (sums if <paramref name="accumulate"/>, else 0) + A · B.</summary>
    /// <param name="rows">Rows of the tile, from <see cref="RowsFor"/>.</param>
    /// <param name="tile">Where operands and sums lie.</param>
    /// <param name="depth">Number of products in each sum.</param>
    /// <param name="accumulate">Whether to start from the sums that are there.</param>
    public static void Multiply<V>(int rows, in TileOperands tile, nint depth, bool accumulate)
        where V : struct, IVector<V>
    {
        switch (rows)
        {
            case 12:
                TwelveRows<V>(tile, depth, accumulate);
                break;
            case 8:
                EightRows<V>(tile, depth, accumulate);
                break;
            case 7:
                SevenRows<V>(tile, depth, accumulate);
                break;
            case 6:
                SixRows<V>(tile, depth, accumulate);
                break;
            case 5:
                FiveRows<V>(tile, depth, accumulate);
                break;
            case 4:
                FourRows<V>(tile, depth, accumulate);
                break;
            case 3:
                ThreeRows<V>(tile, depth, accumulate);
                break;
            case 2:
                TwoRows<V>(tile, depth, accumulate);
                break;
            default:
                OneRow<V>(tile, depth, accumulate);
                break;
        }
    }

    /// <summary>The same for rows packed as [depth][rows] and sums that lie <see cref="SumStride"/> apart.</summary>
    /// <param name="rows">Rows of the tile, from <see cref="RowsFor"/>.</param>
    /// <param name="a">A as [depth][rows].</param>
    /// <param name="b">First element of the strip of B.</param>
    /// <param name="strideB">Floats from one row of B to the next.</param>
    /// <param name="depth">Number of products in each sum.</param>
    /// <param name="sums">Sums.</param>
    /// <param name="accumulate">Whether to start from the sums that are there.</param>
    /// <param name="next">Memory to fetch into the second-level cache meanwhile: what will be read after this tile.</param>
    /// <param name="nextStep">Bytes to go on in it with each step of the depth, at most 128; 0 fetches nothing.</param>
    public static void Multiply<V>(int rows, float* a, float* b, nint strideB, nint depth, float* sums, bool accumulate, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        var tile = new TileOperands
        {
            A = a,
            RowStrideA = 1,
            StepA = rows,
            B = b,
            StrideB = strideB,
            Sums = sums,
            SumStride = SumStride,
            Next = next,
            StepsPerFetch = nextStep <= 0 ? depth : Math.Max(TileOperands.FetchedBytes / nextStep, 1),
        };
        tile.NextStep = nextStep * tile.StepsPerFetch;
        Multiply<V>(rows, tile, depth, accumulate);
    }
}
