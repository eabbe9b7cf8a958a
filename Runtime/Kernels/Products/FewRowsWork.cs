using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Products of one or two rows with a right operand that the run computes, whose rows are contiguous. Such a product reads every element of B for few multiply-adds, so that memory bounds it: B is read where
/// it is, some rows at a time and along them, as the hardware foresees, and its sums are kept in the first-level cache. A panel after the other would touch two lines of each row at a time.
/// </summary>
internal unsafe struct FewRowsWork<TEpilogue> : IItemWork
    where TEpilogue : struct, IEpilogue
{
    /// <summary>
    /// With more rows, registers that keep their sums for the whole depth win over a cache that is written for every eight rows of B (measured with 576×1536: equal at three rows, half the speed at seven).
    /// </summary>
    public const int MostRows = 2;

    /// <summary>Rows of B that are added at a time.</summary>
    private const int DepthStep = 8;

    /// <summary>Columns of a strip: 8 rows of B and the sums take 10 KiB of the first-level cache.</summary>
    private const int LargestStrip = 256;

    /// <summary>Columns of the smallest strip, four lines of each row of B.</summary>
    private const int SmallestStrip = 64;

    // With several items a thread, one that is held up leaves its share to the others.
    private const int ItemsPerThread = 4;

    private Workers _workers;
    private BatchedOperands _operands;
    private TEpilogue _epilogue;
    private nint _strip;
    private nint _strips;

    /// <summary>Whether the product is one of these.</summary>
    public static bool Fits(in BatchedOperands operands) => operands.Rows <= MostRows && operands.ColumnStrideB == 1 && operands.Depth > 0;

    /// <summary>Multiplies.</summary>
    public static void Run(Workers workers, in BatchedOperands operands, TEpilogue epilogue)
    {
        nint batches = operands.BatchCount;
        double work = (double)batches * operands.Rows * operands.Columns * operands.Depth;
        var threads = (int)Math.Clamp(work / MatrixPartition.MinimumWorkPerThread, 1, workers.Count);
        nint wanted = threads == 1 ? 1 : threads * ItemsPerThread;
        nint columns = (operands.Columns * batches) + wanted - 1;
        nint strip = Math.Clamp(columns / wanted / SmallestStrip * SmallestStrip, SmallestStrip, LargestStrip);
        nint strips = (operands.Columns + strip - 1) / strip;
        var product = new FewRowsWork<TEpilogue> { _workers = workers, _operands = operands, _epilogue = epilogue, _strip = strip, _strips = strips };
        workers.RunItems(product, batches * strips, threads);
    }

    /// <inheritdoc/>
    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        // Sums that nothing is done to need no place of their own.
        bool sumsInOutput = typeof(TEpilogue) == typeof(NoEpilogue);
        float* scratch = sumsInOutput ? null : (float*)_workers.Scratch(part, MostRows * LargestStrip * sizeof(float));
        while (items.TryTake(part, out nint item))
        {
            (nint batch, nint strip) = Math.DivRem(item, _strips);
            (nint offsetA, nint offsetB, nint offsetC) = _operands.Offsets(batch);
            nint column = strip * _strip;
            nint columns = Math.Min(_strip, _operands.Columns - column);
            float* c = _operands.C + offsetC + column;
            float* sums = sumsInOutput ? c : scratch;
            nint sumStride = sumsInOutput ? _operands.RowStrideC : LargestStrip;
            AddStrip<V>(_operands.A + offsetA, _operands.B + offsetB + column, sums, sumStride, columns);
            if (sumsInOutput)
            {
                continue;
            }

            for (nint row = 0; row < _operands.Rows; row++)
            {
                MatrixBlock.Finish<V, TEpilogue>(
                    sums + (row * sumStride), 1, c + (row * _operands.RowStrideC), _operands.RowStrideC, columns, ref _epilogue, (batch * _operands.Rows) + row, column);
            }
        }
    }

    private readonly void AddStrip<V>(float* a, float* b, float* sums, nint sumStride, nint columns)
        where V : struct, IVector<V>
    {
        for (nint depth = 0; depth < _operands.Depth; depth += DepthStep)
        {
            nint count = Math.Min(DepthStep, _operands.Depth - depth);
            for (nint row = 0; row < _operands.Rows; row++)
            {
                float* factors = a + (row * _operands.RowStrideA) + (depth * _operands.ColumnStrideA);
                RowAddition.Add<V>(factors, _operands.ColumnStrideA, b, _operands.RowStrideB, count, sums + (row * sumStride), columns, accumulate: depth > 0);
            }

            b += DepthStep * _operands.RowStrideB;
        }
    }
}
