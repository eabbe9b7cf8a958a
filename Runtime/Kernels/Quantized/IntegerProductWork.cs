using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of 8-bit integers, cut into items.</summary>
internal unsafe struct IntegerProductWork<TLeft, TOutput, TEpilogue> : IItemWork
    where TLeft : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IEpilogue
{
    public Workers Workers;
    public MatrixPartition Partition;
    public TLeft* A;
    public nint StrideA;
    public TLeft* ZeroPointsA;
    public nint ZeroPointStride;
    public IntegerMatrix Matrix;
    public TOutput* C;
    public nint StrideC;
    public nint Rows;
    public TEpilogue Epilogue;

    private const int Columns = NarrowMatrix.PanelColumns;

    public static bool PrefersNarrowVectors => ByteDot.PrefersNarrowVectors;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        if (ByteProduct.IsSupported)
        {
            Run<V, ByteProduct>(part, ref items);
        }
        else
        {
            Run<V, ShortProduct>(part, ref items);
        }
    }

    internal void Run<V, TProduct>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        nint blockRows = Math.Min(Partition.RowsPerBlock, Rows);
        nint sumInts = IntegerTile.LargestRows<V>() * Columns;
        byte* scratch = Workers.Scratch(part, (nuint)((sumInts * sizeof(int)) + IntegerLeft.ScratchBytes<TProduct>(blockRows, Matrix.Depth)));
        IntegerLeft left = default;
        nint packedBlock = -1;
        while (items.TryTake(part, out nint item))
        {
            (nint block, nint row, nint rows, nint firstPanel, nint endPanel) = Partition.ItemAt(item);
            if (block != packedBlock)
            {
                TLeft* zeroPoints = ZeroPointsA == null ? null : ZeroPointsA + (row * ZeroPointStride);
                left = IntegerLeft.Pack<V, TProduct, TLeft>(A + (row * StrideA), StrideA, rows, Matrix.Depth, zeroPoints, ZeroPointStride, scratch + (sumInts * sizeof(int)));
                packedBlock = block;
            }

            for (nint panel = firstPanel; panel < endPanel; panel++)
            {
                MultiplyPanel<V, TProduct>(left, panel, row, rows, (int*)scratch);
            }
        }
    }

    private void MultiplyPanel<V, TProduct>(in IntegerLeft left, nint panel, nint row, nint rows, int* sums)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        nint groups = (Matrix.Depth + 3) / 4;
        uint* words = Matrix.Words + (panel * groups * Columns);
        for (nint done = 0; done < rows;)
        {
            int present = IntegerTile.RowsFor<V>(rows - done);
            int* elements = left.Elements + (done * left.RowInts);
            for (nint strip = 0; strip < Columns; strip += 2 * V.Count)
            {
                IntegerTile.Multiply<V, TProduct>(present, elements, present * TProduct.LeftInts, words + strip, Columns, groups, sums + strip, Columns);
            }

            for (int index = 0; index < present; index++)
            {
                Store<V>(sums + (index * Columns), left.ColumnFactors[done + index], left.Sums[done + index], row + done + index, panel * Columns);
            }

            done += present;
        }
    }

    /// <summary>Takes zero points off the sums of a row and stores them.</summary>
    private void Store<V>(int* sums, int columnFactor, int rowSum, nint row, nint column)
        where V : struct, IVector<V>
    {
        for (nint lane = 0; lane < Columns && (columnFactor != 0 || Matrix.ZeroPoints != null); lane += V.Count)
        {
            V sum = V.Load((float*)sums + lane);
            sum = V.AddBits(sum, LaneIntegers.Multiply(V.BroadcastBits(columnFactor), V.Load((float*)Matrix.ColumnSums + column + lane)));
            if (Matrix.ZeroPoints != null)
            {
                sum = V.SubtractBits(sum, LaneIntegers.Multiply(V.BroadcastBits(rowSum), NarrowLanes.LoadIntegers<V, sbyte>(Matrix.ZeroPoints + column + lane)));
            }

            V.Store(sum, (float*)sums + lane);
        }

        IntegerResults.Store<V, TEpilogue, TOutput>(sums, Math.Min(Columns, Matrix.Columns - column), C + (row * StrideC) + column, ref Epilogue, row, column);
    }
}
