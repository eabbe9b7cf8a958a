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
            while (items.TryTake(part, out nint item))
            {
                MultiplyGroup<V>(LeftRows.Packed(A, Depth), sums, 0, 1, item);
            }

            return;
        }

        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * MatrixTile.SumStride;
        bool inPlace = LeftRows.AreBestInPlace(StrideA, 1, Math.Min(Partition.RowsPerBlock, Rows), Depth, Partition.PanelsPerGroup * Partition.Groups);
        nint leftLength = inPlace ? 0 : MatrixPacking.LeftLength(Math.Min(Partition.RowsPerBlock, Rows), Depth);
        float* scratch = (float*)Workers.Scratch(part, (nuint)(sumLength + leftLength) * sizeof(float));
        float* packedA = scratch + sumLength;
        nint packedBlock = -1;
        while (items.TryTake(part, out nint item))
        {
            (nint block, nint group) = Math.DivRem(item, Partition.Groups);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Rows - row);
            float* a = A + (row * StrideA);
            if (!inPlace && block != packedBlock)
            {
                MatrixPacking.PackLeft<V>(a, StrideA, 1, rows, Depth, packedA);
                packedBlock = block;
            }

            MultiplyGroup<V>(inPlace ? LeftRows.InPlace(a, StrideA, 1) : LeftRows.Packed(packedA, Depth), scratch, row, rows, group);
        }
    }

    private void MultiplyGroup<V>(LeftRows left, float* sums, nint row, nint rows, nint group)
        where V : struct, IVector<V>
    {
        nint end = Math.Min((group + 1) * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns, Columns);
        for (nint column = group * Partition.PanelsPerGroup * MatrixMultiply.PanelColumns; column < end; column += MatrixMultiply.PanelColumns)
        {
            nint columns = Math.Min(MatrixMultiply.PanelColumns, end - column);
            float* panel = PackedB + (column * Depth);
            var product = new PanelProduct
            {
                A = left,
                Rows = rows,
                Depth = Depth,
                Panel = panel,
                StrideB = MatrixMultiply.PanelColumns,
                HasNext = column + columns < end,
                Sums = sums,
                C = C + (row * StrideC) + column,
                StrideC = StrideC,
                Columns = columns,
                Row = row,
                Column = column,
            };
            MatrixBlock.Multiply<V, TEpilogue>(product, ref Epilogue);
        }
    }
}
