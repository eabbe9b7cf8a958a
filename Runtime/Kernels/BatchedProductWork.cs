using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Matrix products of two operands computed at run time, cut into items.</summary>
internal unsafe struct BatchedProductWork<TEpilogue> : IItemWork
    where TEpilogue : struct, IEpilogue
{
    public Workers Workers;
    public MatrixPartition Partition;
    public BatchedOperands Operands;
    public TEpilogue Epilogue;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * MatrixTile.SumStride;
        nint panelLength = Operands.Depth * MatrixMultiply.PanelColumns;
        nint leftLength = MatrixPacking.LeftLength(Math.Min(Partition.RowsPerBlock, Operands.Rows), Operands.Depth);
        float* sums = (float*)Workers.Scratch(part, (nuint)(sumLength + panelLength + leftLength) * sizeof(float));
        float* packedPanel = sums + sumLength;
        float* packedA = packedPanel + panelLength;
        nint packedBlock = -1;
        while (items.TryTake(out nint item))
        {
            (nint batchBlock, nint group) = Math.DivRem(item, Partition.Groups);
            (nint batch, nint block) = Math.DivRem(batchBlock, Partition.Blocks);
            (nint offsetA, nint offsetB, nint offsetC) = Operands.Offsets(batch);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Operands.Rows - row);
            if (batchBlock != packedBlock)
            {
                float* a = Operands.A + offsetA + (row * Operands.RowStrideA);
                MatrixPacking.PackLeft<V>(a, Operands.RowStrideA, Operands.ColumnStrideA, rows, Operands.Depth, packedA);
                packedBlock = batchBlock;
            }

            float* c = Operands.C + offsetC + (row * Operands.RowStrideC);
            MultiplyGroup<V>(packedA, packedPanel, sums, Operands.B + offsetB, c, (batch * Operands.Rows) + row, rows, group);
        }
    }

    private void MultiplyGroup<V>(float* packedA, float* packedPanel, float* sums, float* b, float* c, nint row, nint rows, nint group)
        where V : struct, IVector<V>
    {
        nint end = Math.Min((group + 1) * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns, Operands.Columns);
        for (nint column = group * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns; column < end; column += MatrixMultiply.PanelColumns)
        {
            nint columns = Math.Min(MatrixMultiply.PanelColumns, end - column);
            float* panel = b + (column * Operands.ColumnStrideB);
            nint strideB = Operands.RowStrideB;

            // Packing a panel pays when several tiles of rows read it; a full panel whose rows are contiguous can be read in place.
            if (Operands.ColumnStrideB != 1 || columns < MatrixMultiply.PanelColumns || rows > MatrixTile.LargestRows<V>())
            {
                MatrixPacking.PackPanel<V>(panel, Operands.RowStrideB, Operands.ColumnStrideB, columns, Operands.Depth, packedPanel);
                panel = packedPanel;
                strideB = MatrixMultiply.PanelColumns;
            }

            MatrixBlock.Multiply<V, TEpilogue>(packedA, rows, Operands.Depth, panel, strideB, false, sums, c + column, Operands.RowStrideC, columns, ref Epilogue, row, column);
        }
    }
}
