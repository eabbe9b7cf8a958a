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
        nint blockRows = Math.Min(Partition.RowsPerBlock, Operands.Rows);
        bool inPlace = LeftRows.AreBestInPlace(Operands.RowStrideA, Operands.ColumnStrideA, blockRows, Operands.Depth, Partition.PanelsPerGroup * Partition.Groups);
        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * MatrixTile.SumStride;
        nint panelLength = 2 * Operands.Depth * MatrixMultiply.PanelColumns;
        nint leftLength = inPlace ? 0 : MatrixPacking.LeftLength(blockRows, Operands.Depth);
        float* sums = (float*)Workers.Scratch(part, (nuint)(sumLength + panelLength + leftLength) * sizeof(float));
        float* packedPanels = sums + sumLength;
        float* packedA = packedPanels + panelLength;
        nint packedBlock = -1;
        while (items.TryTake(part, out nint item))
        {
            (nint batchBlock, nint group) = Math.DivRem(item, Partition.Groups);
            (nint batch, nint block) = Math.DivRem(batchBlock, Partition.Blocks);
            (nint offsetA, nint offsetB, nint offsetC) = Operands.Offsets(batch);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Operands.Rows - row);
            float* a = Operands.A + offsetA + (row * Operands.RowStrideA);
            if (!inPlace && batchBlock != packedBlock)
            {
                MatrixPacking.PackLeft<V>(a, Operands.RowStrideA, Operands.ColumnStrideA, rows, Operands.Depth, packedA);
                packedBlock = batchBlock;
            }

            var product = new PanelProduct
            {
                A = inPlace ? LeftRows.InPlace(a, Operands.RowStrideA, Operands.ColumnStrideA) : LeftRows.Packed(packedA, Operands.Depth),
                Rows = rows,
                Depth = Operands.Depth,
                Sums = sums,
                StrideC = Operands.RowStrideC,
                Row = (batch * Operands.Rows) + row,
            };
            MultiplyGroup<V>(product, packedPanels, Operands.B + offsetB, Operands.C + offsetC + (row * Operands.RowStrideC), group);
        }
    }

    private void MultiplyGroup<V>(PanelProduct product, float* packedPanels, float* b, float* c, nint group)
        where V : struct, IVector<V>
    {
        // Packing a panel pays when several tiles of rows read it; a full panel whose rows are contiguous can be read in place.
        bool packsAll = Operands.ColumnStrideB != 1 || MatrixTile.RowsFor<V>(product.Rows) != product.Rows;
        nint end = Math.Min((group + 1) * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns, Operands.Columns);
        nint first = group * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns;
        float* packed = packedPanels;
        float* other = packedPanels + (Operands.Depth * MatrixMultiply.PanelColumns);
        for (nint column = first; column < end; column += MatrixMultiply.PanelColumns)
        {
            PanelSource source = SourceAt(b, column, end, packed);
            product.Columns = source.Columns;
            product.Column = column;
            product.C = c + column;
            product.Panel = source.Data;
            product.StrideB = Operands.RowStrideB;
            product.Source = default;
            if (packsAll || product.Columns < MatrixMultiply.PanelColumns)
            {
                // All but the first have been packed while the one before was multiplied.
                if (column == first || !packsAll)
                {
                    source.Pack<V>(0, Operands.Depth);
                }

                product.Panel = packed;
                product.StrideB = MatrixMultiply.PanelColumns;
                if (packsAll && column + MatrixMultiply.PanelColumns < end)
                {
                    product.Source = SourceAt(b, column + MatrixMultiply.PanelColumns, end, other);
                }
            }

            MatrixBlock.Multiply<V, TEpilogue>(product, ref Epilogue);
            float* free = packed;
            packed = other;
            other = free;
        }
    }

    private readonly PanelSource SourceAt(float* b, nint column, nint end, float* packed) => new()
    {
        Data = b + (column * Operands.ColumnStrideB),
        RowStride = Operands.RowStrideB,
        ColumnStride = Operands.ColumnStrideB,
        Columns = Math.Min(MatrixMultiply.PanelColumns, end - column),
        Packed = packed,
    };
}
