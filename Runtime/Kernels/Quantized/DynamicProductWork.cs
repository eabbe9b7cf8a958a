using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of activations quantised on the fly with 4- or 8-bit weights, cut into items.</summary>
internal unsafe struct DynamicProductWork<TFormat, TOutput, TEpilogue> : IItemWork
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

    public static bool PrefersNarrowVectors => ByteDot.PrefersNarrowVectors;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        DynamicBlocks blocks = DynamicBlocks.Create(Matrix, TFormat.ElementsPerWord);
        nint blockRows = Math.Min(Partition.RowsPerBlock, Rows);
        nint sumBytes = DynamicLeft.LargestRows<V>() * SumRows.Stride * sizeof(float);
        byte* scratch = Workers.Scratch(part, (nuint)(sumBytes + DynamicLeft.ScratchBytes(blocks, blockRows)));
        var segments = NarrowSegments.Create(Matrix, hasBlocks: true);
        DynamicLeft left = default;
        nint packedBlock = -1;
        while (items.TryTake(out nint item))
        {
            (nint block, nint row, nint rows, nint firstPanel, nint endPanel) = Partition.ItemAt(item);
            if (block != packedBlock)
            {
                left = Pack<V>(row, rows, blocks, scratch + sumBytes);
                packedBlock = block;
            }

            for (nint panel = firstPanel; panel < endPanel; panel++)
            {
                MultiplyPanel<V>(left, blocks, panel, segments, row, rows, (float*)scratch);
            }
        }
    }

    private readonly DynamicLeft Pack<V>(nint row, nint rows, in DynamicBlocks blocks, byte* memory)
        where V : struct, IVector<V> => typeof(TFormat) == typeof(Int8Format)
            ? DynamicLeft.Pack<V, ShortGroup>(A + (row * StrideA), StrideA, rows, blocks, memory)
            : DynamicLeft.Pack<V, ByteGroup>(A + (row * StrideA), StrideA, rows, blocks, memory);

    private void MultiplyPanel<V>(in DynamicLeft left, in DynamicBlocks blocks, nint panel, in NarrowSegments segments, nint row, nint rows, float* sums)
        where V : struct, IVector<V>
    {
        nint column = panel * NarrowMatrix.PanelColumns;
        nint columns = Math.Min(NarrowMatrix.PanelColumns, Matrix.Columns - column);
        for (nint done = 0; done < rows;)
        {
            int tile = left.TileRowsAt(done, rows);
            ulong* elements = left.Elements(done);
            int* parameters = left.Parameters(done, tile);
            if (typeof(TFormat) == typeof(Int8Format))
            {
                DynamicByteRows.Multiply<V>(tile, elements, parameters, blocks, new NarrowPanel<Int8Format>(Matrix, panel, segments), sums);
            }
            else
            {
                DynamicRows.Multiply<V>(tile, elements, parameters, blocks, new NarrowPanel<UInt4Format>(Matrix, panel, segments), sums);
            }

            nint present = Math.Min(tile, rows - done);
            SumRows.Scale<V>(sums, left.Factors(done, tile), present);
            SumRows.Store<V, TEpilogue, TOutput>(sums, present, C + ((row + done) * StrideC) + column, StrideC, columns, ref Epilogue, row + done, column);
            done += present;
        }
    }
}
