using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Matrix products of float64 and integers: exact types that models rarely multiply, so a plain loop does.</summary>
public static unsafe class PlainMatrixMultiply
{
    /// <summary>C[…, m, n] = A[…, m, k] · B[…, k, n]; integers wrap.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use; each computes rows of its own.</param>
    /// <param name="operands">Pointers, sizes and strides; an empty batch must not be passed.</param>
    public static void Run<T>(Workers workers, in PlainOperands<T> operands)
        where T : unmanaged, INumber<T>
    {
        var work = new RowWork<T>(operands);
        nint batches = Size(operands.Batch0) * Size(operands.Batch1) * Size(operands.Batch2);
        MoveParts.Run(workers, ref work, batches * operands.Rows, operands.Columns * operands.Depth * sizeof(T));
    }

    private static nint Size(BatchDimension dimension) => Math.Max(dimension.Size, 1);

    private readonly struct RowWork<T>(PlainOperands<T> operands) : IMoveWork
        where T : unmanaged, INumber<T>
    {
        public void Run(long begin, long end)
        {
            for (long item = begin; item < end; item++)
            {
                (long batch, long row) = Math.DivRem(item, operands.Rows);
                (long outer, long index2) = Math.DivRem(batch, Size(operands.Batch2));
                (long index0, long index1) = Math.DivRem(outer, Size(operands.Batch1));
                T* a = operands.A + (index0 * operands.Batch0.StrideA) + (index1 * operands.Batch1.StrideA) + (index2 * operands.Batch2.StrideA) + (row * operands.RowStrideA);
                T* b = operands.B + (index0 * operands.Batch0.StrideB) + (index1 * operands.Batch1.StrideB) + (index2 * operands.Batch2.StrideB);
                T* c = operands.C + (index0 * operands.Batch0.StrideC) + (index1 * operands.Batch1.StrideC) + (index2 * operands.Batch2.StrideC) + (row * operands.RowStrideC);
                MultiplyRow(a, b, c);
            }
        }

        private void MultiplyRow(T* a, T* b, T* c)
        {
            new Span<T>(c, (int)operands.Columns).Clear();
            for (nint depth = 0; depth < operands.Depth; depth++)
            {
                T factor = a[depth * operands.ColumnStrideA];
                T* row = b + (depth * operands.RowStrideB);
                for (nint column = 0; column < operands.Columns; column++)
                {
                    c[column] = unchecked(c[column] + (factor * row[column * operands.ColumnStrideB]));
                }
            }
        }
    }
}
