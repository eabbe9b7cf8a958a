using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of float32 activations with narrow weights, cut into items.</summary>
internal unsafe struct NarrowProductWork<TFormat, TOutput, TEpilogue> : IItemWork
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

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        var segments = NarrowSegments.Create(Matrix, TFormat.IsInteger);
        if (Rows <= NarrowRows.MaximumRows)
        {
            RunFewRows<V>(part, ref items, segments);
        }
        else
        {
            RunManyRows<V>(part, ref items, segments);
        }
    }

    private void RunFewRows<V>(int part, ref ItemQueue items, in NarrowSegments segments)
        where V : struct, IVector<V>
    {
        int rows = NarrowRows.RowsFor(Rows);
        float* sums = stackalloc float[NarrowRows.MaximumRows * SumRows.Stride];
        float* scratch = (float*)Workers.Scratch(part, (nuint)NarrowLeft.ScratchLength(segments, rows) * sizeof(float));
        NarrowLeft left = NarrowLeft.Pack<V, TFormat>(A, StrideA, Rows, rows, segments, scratch);
        while (items.TryTake(out nint item))
        {
            MatrixItem panels = Partition.ItemAt(item);
            for (nint panel = panels.FirstPanel; panel < panels.EndPanel; panel++)
            {
                NarrowRows.Multiply<V, TFormat>(rows, left, new NarrowPanel<TFormat>(Matrix, panel, segments), segments.Count, sums);
                Store<V>(sums, 0, Rows, panel);
            }
        }
    }

    private void RunManyRows<V>(int part, ref ItemQueue items, in NarrowSegments segments)
        where V : struct, IVector<V>
    {
        nint sumLength = (Partition.RowsPerBlock + MatrixTile.MaximumRows) * SumRows.Stride;
        nint leftLength = MatrixPacking.LeftLength(Math.Min(Partition.RowsPerBlock, Rows), Matrix.Depth);
        float* sums = (float*)Workers.Scratch(part, (nuint)(sumLength + leftLength + NarrowExpansion.ScratchLength(Matrix.Depth)) * sizeof(float));
        float* widened = sums + sumLength;
        float* packedA = widened + NarrowExpansion.ScratchLength(Matrix.Depth);
        nint packedBlock = -1;
        while (items.TryTake(out nint item))
        {
            (nint block, nint row, nint rows, nint firstPanel, nint endPanel) = Partition.ItemAt(item);
            if (block != packedBlock)
            {
                MatrixPacking.PackLeft<V>(A + (row * StrideA), StrideA, 1, rows, Matrix.Depth, packedA);
                packedBlock = block;
            }

            for (nint panel = firstPanel; panel < endPanel; panel++)
            {
                NarrowExpansion.Multiply<V, TFormat>(packedA, rows, Matrix.Depth, new NarrowPanel<TFormat>(Matrix, panel, segments), widened, sums);
                Store<V>(sums, row, rows, panel);
            }
        }
    }

    private void Store<V>(float* sums, nint row, nint rows, nint panel)
        where V : struct, IVector<V>
    {
        nint column = panel * NarrowMatrix.PanelColumns;
        nint columns = Math.Min(NarrowMatrix.PanelColumns, Matrix.Columns - column);
        SumRows.Store<V, TEpilogue, TOutput>(sums, rows, C + (row * StrideC) + column, StrideC, columns, ref Epilogue, row, column);
    }
}
