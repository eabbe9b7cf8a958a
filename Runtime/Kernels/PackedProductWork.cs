using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A matrix product with a packed right operand, cut into items.</summary>
internal unsafe struct PackedProductWork<TEpilogue> : IItemWork
    where TEpilogue : struct, IEpilogue
{
    public Workers Workers;
    public MatrixPartition Partition;
    public float* A;
    public nint StrideA;
    public float* PackedB;
    public float* C;
    public nint StrideC;
    public nint Rows;
    public nint Columns;
    public nint Depth;
    public TEpilogue Epilogue;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        if (Rows == 1)
        {
            // A single row is its own packed form.
            float* sums = stackalloc float[MatrixTile.SumStride];
            while (items.TryTake(out nint item))
            {
                MultiplyGroup<V>(A, sums, 0, 1, item);
            }

            return;
        }

        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * MatrixTile.SumStride;
        nint leftLength = MatrixPacking.LeftLength(Math.Min(Partition.RowsPerBlock, Rows), Depth);
        float* scratch = (float*)Workers.Scratch(part, (nuint)(sumLength + leftLength) * sizeof(float));
        float* packedA = scratch + sumLength;
        nint packedBlock = -1;
        while (items.TryTake(out nint item))
        {
            (nint block, nint group) = Math.DivRem(item, Partition.Groups);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Rows - row);
            if (block != packedBlock)
            {
                MatrixPacking.PackLeft<V>(A + (row * StrideA), StrideA, 1, rows, Depth, packedA);
                packedBlock = block;
            }

            MultiplyGroup<V>(packedA, scratch, row, rows, group);
        }
    }

    private void MultiplyGroup<V>(float* packedA, float* sums, nint row, nint rows, nint group)
        where V : struct, IVector<V>
    {
        nint end = Math.Min((group + 1) * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns, Columns);
        for (nint column = group * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns; column < end; column += MatrixMultiply.PanelColumns)
        {
            nint columns = Math.Min(MatrixMultiply.PanelColumns, end - column);
            MatrixBlock.Multiply<V, TEpilogue>(
                packedA,
                rows,
                Depth,
                PackedB + (column * Depth),
                MatrixMultiply.PanelColumns,
                column + columns < end,
                sums,
                C + (row * StrideC) + column,
                StrideC,
                columns,
                ref Epilogue,
                row,
                column);
        }
    }
}
