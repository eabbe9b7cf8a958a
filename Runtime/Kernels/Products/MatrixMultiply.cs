using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Matrix products of float32 with a fused epilogue.</summary>
public static unsafe class MatrixMultiply
{
    /// <summary>Columns of a panel of a packed right operand.</summary>
    public const int PanelColumns = 32;

    /// <summary>Floats that a packed right operand of this size takes.</summary>
    /// <param name="columns">Columns of the right operand.</param>
    /// <param name="depth">Rows of the right operand.</param>
    public static nint PackedLength(nint columns, nint depth) => (columns + PanelColumns - 1) / PanelColumns * PanelColumns * depth;

    /// <summary>C[m, n] = epilogue(A[m, k] · B[k, n]) with a right operand packed beforehand.</summary>
    /// <typeparam name="TEpilogue">What is done to each sum before it is stored.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="a">Left operand, rows of <paramref name="k"/> contiguous elements.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="packedB">Right operand as panels [⌈n/32⌉][k][32], padded with zeros, 64-byte aligned.</param>
    /// <param name="c">Output, rows of <paramref name="n"/> contiguous elements; must not overlap A or B. Not used where the epilogue stores.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B; 0 gives epilogue(0).</param>
    /// <param name="epilogue">The epilogue.</param>
    public static void Packed<TEpilogue>(Workers workers, float* a, nint lda, float* packedB, float* c, nint ldc, nint m, nint n, nint k, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        var work = new PackedProductWork<TEpilogue>
        {
            Workers = workers,
            Partition = MatrixPartition.Create(workers.Count, 1, m, n, k, TEpilogue.PanelsPerUnit),
            A = a,
            StrideA = lda,
            PackedB = packedB,
            C = c,
            StrideC = ldc,
            Rows = m,
            Columns = n,
            Depth = k,
            Epilogue = epilogue,
        };
        workers.RunItems(work, work.Partition.Items, work.Partition.Threads);
    }

    /// <summary>C[batch, m, n] = epilogue(A[batch, m, k] · B[batch, k, n]) with both operands computed at run time.</summary>
    /// <typeparam name="TEpilogue">What is done to each sum before it is stored.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="operands">Pointers, sizes and strides; a batch dimension of size 0 means none, so an empty batch must not be passed.</param>
    /// <param name="epilogue">The epilogue; its row is batch index · m + row.</param>
    public static void Batched<TEpilogue>(Workers workers, in BatchedOperands operands, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue
    {
        if (operands.Rows <= 0 || operands.Columns <= 0)
        {
            return;
        }

        BatchedOperands merged = operands.MergeRows();
        if (FewRowsWork<TEpilogue>.Fits(merged))
        {
            FewRowsWork<TEpilogue>.Run(workers, merged, epilogue);
            return;
        }

        var work = new BatchedProductWork<TEpilogue>
        {
            Workers = workers,
            Partition = MatrixPartition.CreateUnpacked(workers.Count, merged.BatchCount, merged.Rows, merged.Columns, merged.Depth),
            Operands = merged,
            Epilogue = epilogue,
        };
        workers.RunItems(work, merged.BatchCount * work.Partition.Items, work.Partition.Threads);
    }
}
