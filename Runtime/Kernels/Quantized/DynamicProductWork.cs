using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of activations quantised on the fly with 4- or 8-bit weights.</summary>
internal unsafe struct DynamicProductWork<TFormat, TLeft, TOutput, TEpilogue>(NarrowProduct<TLeft, TOutput, TEpilogue> product) : IItemWork
    where TFormat : struct, INarrowFormat
    where TLeft : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IEpilogue
{
    private NarrowProduct<TLeft, TOutput, TEpilogue> _product = product;

    public static bool PrefersNarrowVectors => ByteDot.PrefersNarrowVectors;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        DynamicBlocks blocks = DynamicBlocks.Create(_product.Matrix, TFormat.ElementsPerWord);
        nint sumLength = DynamicLeft.LargestRows<V>() * SumRows.Stride;
        nint rowLength = LeftRows<TLeft>.ScratchLength(1, _product.Matrix.Depth);
        nint bytes = ((sumLength + rowLength) * sizeof(float)) + DynamicLeft.ScratchBytes(blocks, _product.BlockRows);
        float* sums = (float*)_product.Workers.Scratch(part, (nuint)bytes);
        LeftRows<TLeft> a = _product.Left(sums + sumLength);
        var packed = (byte*)(sums + sumLength + rowLength);
        var segments = NarrowSegments.Create(_product.Matrix, hasBlocks: true);
        DynamicLeft left = default;
        nint packedBlock = -1;
        while (items.TryTake(part, out nint index))
        {
            MatrixItem item = _product.Partition.ItemAt(index);
            if (item.Block != packedBlock)
            {
                left = typeof(TFormat) == typeof(Int8Format)
                    ? DynamicLeft.Pack<V, ShortGroup, TLeft>(a, item.Row, item.Rows, blocks, packed)
                    : DynamicLeft.Pack<V, ByteGroup, TLeft>(a, item.Row, item.Rows, blocks, packed);
                packedBlock = item.Block;
            }

            for (nint panel = item.FirstPanel; panel < item.EndPanel; panel++)
            {
                MultiplyPanel<V>(left, blocks, panel, segments, item.Row, item.Rows, sums);
            }
        }
    }

    private void MultiplyPanel<V>(in DynamicLeft left, in DynamicBlocks blocks, nint panel, in NarrowSegments segments, nint row, nint rows, float* sums)
        where V : struct, IVector<V>
    {
        for (nint done = 0; done < rows;)
        {
            int tile = left.TileRowsAt(done, rows);
            ulong* elements = left.Elements(done);
            int* parameters = left.Parameters(done, tile);
            if (typeof(TFormat) == typeof(Int8Format))
            {
                DynamicByteRows.Multiply<V>(tile, elements, parameters, blocks, new NarrowPanel<Int8Format>(_product.Matrix, panel, segments), sums);
            }
            else
            {
                DynamicRows.Multiply<V>(tile, elements, parameters, blocks, new NarrowPanel<UInt4Format>(_product.Matrix, panel, segments), sums);
            }

            nint present = Math.Min(tile, rows - done);
            SumRows.Scale<V>(sums, left.Factors(done, tile), present);
            _product.Store<V>(sums, row + done, present, panel);
            done += present;
        }
    }
}
