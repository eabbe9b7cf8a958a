namespace Cameo.Kernels;

/// <summary>
/// Operands of C[…, m, n] = A[…, m, k] · B[…, k, n], all computed at run time. Strides are in elements and may be anything (transposed,
/// broadcast, sliced); the columns of C are contiguous. C must not overlap A or B.
/// </summary>
public unsafe struct BatchedOperands
{
    /// <summary>Left operand.</summary>
    public float* A;

    /// <summary>Right operand.</summary>
    public float* B;

    /// <summary>Output.</summary>
    public float* C;

    /// <summary>Rows of A and C.</summary>
    public nint Rows;

    /// <summary>Columns of B and C.</summary>
    public nint Columns;

    /// <summary>Columns of A, rows of B.</summary>
    public nint Depth;

    /// <summary>From one row of A to the next.</summary>
    public nint RowStrideA;

    /// <summary>From one column of A to the next.</summary>
    public nint ColumnStrideA;

    /// <summary>From one row of B to the next.</summary>
    public nint RowStrideB;

    /// <summary>From one column of B to the next.</summary>
    public nint ColumnStrideB;

    /// <summary>From one row of C to the next.</summary>
    public nint RowStrideC;

    /// <summary>Outermost batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch0;

    /// <summary>Middle batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch1;

    /// <summary>Innermost batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch2;

    /// <summary>Number of matrix products.</summary>
    public readonly nint BatchCount => Size(Batch0) * Size(Batch1) * Size(Batch2);

    /// <summary>Offsets of the matrices of one product, in elements.</summary>
    internal readonly (nint A, nint B, nint C) Offsets(nint batch)
    {
        (nint outer, nint index2) = Math.DivRem(batch, Size(Batch2));
        (nint index0, nint index1) = Math.DivRem(outer, Size(Batch1));
        return (
            (index0 * Batch0.StrideA) + (index1 * Batch1.StrideA) + (index2 * Batch2.StrideA),
            (index0 * Batch0.StrideB) + (index1 * Batch1.StrideB) + (index2 * Batch2.StrideB),
            (index0 * Batch0.StrideC) + (index1 * Batch1.StrideC) + (index2 * Batch2.StrideC));
    }

    /// <summary>Turns inner batch dimensions that share B, and whose matrices follow each other like rows, into rows.</summary>
    internal readonly BatchedOperands MergeRows()
    {
        BatchedOperands merged = this;
        while (merged.BatchCount > 1)
        {
            BatchDimension inner = merged.Batch2;
            bool isTrivial = Size(inner) == 1;
            bool continues = inner.StrideB == 0 && inner.StrideA == merged.Rows * RowStrideA && inner.StrideC == merged.Rows * RowStrideC;
            if (!isTrivial && !continues)
            {
                break;
            }

            merged.Rows *= Size(inner);
            (merged.Batch0, merged.Batch1, merged.Batch2) = (default, merged.Batch0, merged.Batch1);
        }

        return merged;
    }

    private static nint Size(BatchDimension dimension) => Math.Max(dimension.Size, 1);
}
