using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of 8-bit integers, cut into items.</summary>
internal unsafe struct IntegerProductWork<TLeft, TOutput, TEpilogue> : IParallelWork
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

    private long _taken;

    public void Run(int part, int parts)
    {
        if (ByteProduct.IsSupported)
        {
            if (Vector256.IsHardwareAccelerated)
            {
                RunItems<Vector256Float, ByteProduct>(part);
            }
            else
            {
                RunItems<Vector128Float, ByteProduct>(part);
            }
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            RunItems<Vector512Float, ShortProduct>(part);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            RunItems<Vector256Float, ShortProduct>(part);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            RunItems<Vector128Float, ShortProduct>(part);
        }
        else
        {
            RunItems<ScalarFloat, ShortProduct>(part);
        }
    }

    internal void RunItems<V, TProduct>(int part)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        nint blockRows = Math.Min(Partition.RowsPerBlock, Rows);
        nint sumInts = IntegerTile.LargestRows<V>() * Columns;
        byte* scratch = Workers.Scratch(part, (nuint)((sumInts * sizeof(int)) + IntegerLeft.ScratchBytes<TProduct>(blockRows, Matrix.Depth)));
        IntegerLeft left = default;
        nint packedBlock = -1;
        for (nint item = Take(); item < Partition.Blocks * Partition.Groups; item = Take())
        {
            (nint block, nint group) = Math.DivRem(item, Partition.Groups);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Rows - row);
            if (block != packedBlock)
            {
                TLeft* zeroPoints = ZeroPointsA == null ? null : ZeroPointsA + (row * ZeroPointStride);
                left = IntegerLeft.Pack<V, TProduct, TLeft>(A + (row * StrideA), StrideA, rows, Matrix.Depth, zeroPoints, ZeroPointStride, scratch + (sumInts * sizeof(int)));
                packedBlock = block;
            }

            for (nint panel = FirstPanel(group); panel < FirstPanel(group + 1); panel++)
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
                IntegerTile.Multiply<V, TProduct>(present, elements, present * TProduct.LeftInts, words + strip, Columns, groups, sums + strip, Columns, accumulate: false);
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

    private readonly nint FirstPanel(nint group) => Math.Min(group * Partition.PanelsPerGroup, MatrixPartition.PanelCount(Matrix.Columns));

    /// <summary>The next item nobody has taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Take() => (nint)(Interlocked.Increment(ref _taken) - 1);
}
