using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of float32 activations with narrow weights, cut into items.</summary>
internal unsafe struct NarrowProductWork<TFormat, TOutput, TEpilogue> : IParallelWork
    where TFormat : struct, INarrowFormat
    where TOutput : unmanaged
    where TEpilogue : struct, IEpilogue
{
    public Workers Workers;
    public MatrixPartition Partition;
    public float* A;
    public nint StrideA;
    public NarrowMatrix Matrix;
    public TOutput* C;
    public nint StrideC;
    public nint Rows;
    public TEpilogue Epilogue;

    private long _taken;

    public void Run(int part, int parts)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            RunItems<Vector512Float>(part);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            RunItems<Vector256Float>(part);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            RunItems<Vector128Float>(part);
        }
        else
        {
            RunItems<ScalarFloat>(part);
        }
    }

    private void RunItems<V>(int part)
        where V : struct, IVector<V>
    {
        var segments = NarrowSegments.Create(Matrix, TFormat.IsInteger);
        if (Rows <= NarrowRows.MaximumRows)
        {
            RunFewRows<V>(part, segments);
        }
        else
        {
            RunManyRows<V>(part, segments);
        }
    }

    private void RunFewRows<V>(int part, in NarrowSegments segments)
        where V : struct, IVector<V>
    {
        int rows = NarrowRows.RowsFor(Rows);
        float* sums = stackalloc float[NarrowRows.MaximumRows * SumRows.Stride];
        float* scratch = (float*)Workers.Scratch(part, (nuint)NarrowLeft.ScratchLength(segments, rows) * sizeof(float));
        NarrowLeft left = NarrowLeft.Pack<V, TFormat>(A, StrideA, Rows, rows, segments, scratch);
        for (nint item = Take(); item < Partition.Groups; item = Take())
        {
            for (nint panel = FirstPanel(item); panel < FirstPanel(item + 1); panel++)
            {
                NarrowRows.Multiply<V, TFormat>(rows, left, new NarrowPanel<TFormat>(Matrix, panel, segments), segments.Count, sums);
                Store<V>(sums, 0, Rows, panel);
            }
        }
    }

    private void RunManyRows<V>(int part, in NarrowSegments segments)
        where V : struct, IVector<V>
    {
        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * SumRows.Stride;
        nint leftLength = MatrixPacking.LeftLength(Math.Min(Partition.RowsPerBlock, Rows), Matrix.Depth);
        float* sums = (float*)Workers.Scratch(part, (nuint)(sumLength + leftLength + NarrowExpansion.ScratchLength(Matrix.Depth)) * sizeof(float));
        float* widened = sums + sumLength;
        float* packedA = widened + NarrowExpansion.ScratchLength(Matrix.Depth);
        nint packedBlock = -1;
        for (nint item = Take(); item < Partition.Blocks * Partition.Groups; item = Take())
        {
            (nint block, nint group) = Math.DivRem(item, Partition.Groups);
            nint row = block * Partition.RowsPerBlock;
            nint rows = Math.Min(Partition.RowsPerBlock, Rows - row);
            if (block != packedBlock)
            {
                MatrixPacking.PackLeft<V>(A + (row * StrideA), StrideA, 1, rows, Matrix.Depth, packedA);
                packedBlock = block;
            }

            for (nint panel = FirstPanel(group); panel < FirstPanel(group + 1); panel++)
            {
                NarrowExpansion.Multiply<V, TFormat>(packedA, rows, Matrix.Depth, new NarrowPanel<TFormat>(Matrix, panel, segments), widened, sums);
                Store<V>(sums, row, rows, panel);
            }
        }
    }

    private readonly nint FirstPanel(nint group) => Math.Min(group * Partition.PanelsPerGroup, MatrixPartition.PanelCount(Matrix.Columns));

    private void Store<V>(float* sums, nint row, nint rows, nint panel)
        where V : struct, IVector<V>
    {
        nint column = panel * NarrowMatrix.PanelColumns;
        nint columns = Math.Min(NarrowMatrix.PanelColumns, Matrix.Columns - column);
        SumRows.Store<V, TEpilogue, TOutput>(sums, rows, C + (row * StrideC) + column, StrideC, columns, ref Epilogue, row, column);
    }

    /// <summary>The next item nobody has taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Take() => (nint)(Interlocked.Increment(ref _taken) - 1);
}
