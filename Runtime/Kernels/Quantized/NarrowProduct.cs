using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product with narrow weights: operands, output, and how it is cut into items.</summary>
internal unsafe struct NarrowProduct<TLeft, TOutput, TEpilogue>
    where TLeft : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IEpilogue
{
    public Workers Workers;
    public MatrixPartition Partition;
    public TLeft* A;
    public nint StrideA;
    public NarrowMatrix Matrix;
    public TOutput* C;
    public nint StrideC;
    public nint Rows;
    public TEpilogue Epilogue;

    /// <summary>Rows of the largest block.</summary>
    public readonly nint BlockRows => Math.Min(Partition.RowsPerBlock, Rows);

    /// <summary>The left operand.</summary>
    /// <param name="scratch">Room for <see cref="LeftRows{TLeft}.ScratchLength"/>.</param>
    public readonly LeftRows<TLeft> Left(float* scratch) => new(A, StrideA, Matrix.Depth, scratch);

    /// <summary>Stores finished sums of a panel through the epilogue.</summary>
    public void Store<V>(float* sums, nint row, nint rows, nint panel)
        where V : struct, IVector<V>
    {
        nint column = panel * NarrowMatrix.PanelColumns;
        nint columns = Math.Min(NarrowMatrix.PanelColumns, Matrix.Columns - column);
        SumRows.Store<V, TEpilogue, TOutput>(sums, rows, C + (row * StrideC) + column, StrideC, columns, ref Epilogue, row, column);
    }
}
