namespace Cameo.Kernels;

/// <summary>As <see cref="BatchedOperands"/> for elements of any numeric type; strides are in elements.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public unsafe struct PlainOperands<T>
    where T : unmanaged
{
    /// <summary>Left operand.</summary>
    public T* A;

    /// <summary>Right operand.</summary>
    public T* B;

    /// <summary>Output.</summary>
    public T* C;

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

    /// <summary>From one row of C to the next; its columns are contiguous.</summary>
    public nint RowStrideC;

    /// <summary>Outermost batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch0;

    /// <summary>Middle batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch1;

    /// <summary>Innermost batch dimension; the default value when there is none.</summary>
    public BatchDimension Batch2;
}
