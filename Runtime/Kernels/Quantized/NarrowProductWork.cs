using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A product of activations with narrow weights, computed in float32.</summary>
internal unsafe struct NarrowProductWork<TFormat, TLeft, TOutput, TEpilogue>(NarrowProduct<TLeft, TOutput, TEpilogue> product) : IItemWork
    where TFormat : struct, INarrowFormat
    where TLeft : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IEpilogue
{
    private NarrowProduct<TLeft, TOutput, TEpilogue> _product = product;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        var segments = NarrowSegments.Create(_product.Matrix, TFormat.IsInteger);
        if (_product.Rows <= NarrowRows.MaximumRows)
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
        int rows = NarrowRows.RowsFor(_product.Rows);
        float* sums = stackalloc float[NarrowRows.MaximumRows * SumRows.Stride];
        nint rowLength = LeftRows<TLeft>.ScratchLength(1, _product.Matrix.Depth);
        float* scratch = (float*)_product.Workers.Scratch(part, (nuint)(rowLength + NarrowLeft.ScratchLength(segments, rows)) * sizeof(float));
        NarrowLeft left = NarrowLeft.Pack<V, TFormat, TLeft>(_product.Left(scratch), _product.Rows, rows, segments, scratch + rowLength);
        while (items.TryTake(part, out nint index))
        {
            MatrixItem item = _product.Partition.ItemAt(index);
            for (nint panel = item.FirstPanel; panel < item.EndPanel; panel++)
            {
                NarrowRows.Multiply<V, TFormat>(rows, left, new NarrowPanel<TFormat>(_product.Matrix, panel, segments), segments.Count, sums);
                _product.Store<V>(sums, 0, _product.Rows, panel);
            }
        }
    }

    private void RunManyRows<V>(int part, ref ItemQueue items, in NarrowSegments segments)
        where V : struct, IVector<V>
    {
        nint depth = _product.Matrix.Depth;
        nint sumLength = (_product.Partition.RowsPerBlock + MatrixTile.MaximumRows) * SumRows.Stride;
        nint tileLength = LeftRows<TLeft>.ScratchLength(MatrixTile.MaximumRows, depth);
        nint widenedLength = NarrowExpansion.ScratchLength(depth);
        nint length = sumLength + tileLength + widenedLength + MatrixPacking.LeftLength(_product.BlockRows, depth);
        float* sums = (float*)_product.Workers.Scratch(part, (nuint)length * sizeof(float));
        LeftRows<TLeft> a = _product.Left(sums + sumLength);
        float* widened = sums + sumLength + tileLength;
        float* packedA = widened + widenedLength;
        nint packedBlock = -1;
        while (items.TryTake(part, out nint index))
        {
            MatrixItem item = _product.Partition.ItemAt(index);
            if (item.Block != packedBlock)
            {
                Pack<V>(a, item.Row, item.Rows, packedA);
                packedBlock = item.Block;
            }

            for (nint panel = item.FirstPanel; panel < item.EndPanel; panel++)
            {
                NarrowExpansion.Multiply<V, TFormat>(packedA, item.Rows, depth, new NarrowPanel<TFormat>(_product.Matrix, panel, segments), widened, sums);
                _product.Store<V>(sums, item.Row, item.Rows, panel);
            }
        }
    }

    /// <summary>Packs rows tile by tile, so that of widened ones few have to be kept.</summary>
    private readonly void Pack<V>(in LeftRows<TLeft> a, nint row, nint rows, float* packed)
        where V : struct, IVector<V>
    {
        for (nint done = 0; done < rows;)
        {
            int tile = MatrixTile.RowsFor<V>(rows - done);
            nint present = Math.Min(tile, rows - done);
            MatrixPacking.PackLeft<V>(a.Read<V>(row + done, present), a.Stride, 1, present, _product.Matrix.Depth, packed);
            packed += tile * _product.Matrix.Depth;
            done += present;
        }
    }
}
