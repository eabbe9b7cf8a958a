using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Sums of blocks; an item is an image.</summary>
internal unsafe struct ColumnsToImageWork<T> : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _columns;
    private readonly T* _output;
    private readonly int _axes;
    private readonly long _plane;

    // Of each axis: image, block, blocks, stride, dilation, padding.
    private fixed long _sizes[ColumnsToImage.MaximumAxes * 6];

    public ColumnsToImageWork(T* columns, ReadOnlySpan<long> image, ReadOnlySpan<long> block, ReadOnlySpan<long> strides, ReadOnlySpan<long> dilations, ReadOnlySpan<long> pads, T* output)
    {
        _columns = columns;
        _output = output;
        (_axes, _plane, Elements, Blocks) = (image.Length, MoveShape.Count(image), MoveShape.Count(block), 1);
        for (int axis = 0; axis < _axes; axis++)
        {
            long room = image[axis] + pads[axis] + pads[axis + _axes] - (((block[axis] - 1) * dilations[axis]) + 1);
            _sizes[6 * axis] = image[axis];
            _sizes[(6 * axis) + 1] = block[axis];
            _sizes[(6 * axis) + 2] = room < 0 ? 0 : (room / strides[axis]) + 1;
            _sizes[(6 * axis) + 3] = strides[axis];
            _sizes[(6 * axis) + 4] = dilations[axis];
            _sizes[(6 * axis) + 5] = pads[axis];
            Blocks *= _sizes[(6 * axis) + 2];
        }
    }

    /// <summary>Elements of a block.</summary>
    public long Elements { get; }

    /// <summary>Blocks of an image.</summary>
    public long Blocks { get; }

    public void Run(long begin, long end)
    {
        for (long image = begin; image < end; image++)
        {
            T* target = _output + (image * _plane);
            for (long index = 0; index < _plane; index++)
            {
                target[index] = T.Zero;
            }

            for (long element = 0; element < Elements && Blocks > 0; element++)
            {
                Add(_columns + (((image * Elements) + element) * Blocks), element, target);
            }
        }
    }

    /// <summary>Adds one element of all blocks, row by row of blocks.</summary>
    private void Add(T* column, long element, T* image)
    {
        long* inner = stackalloc long[ColumnsToImage.MaximumAxes];
        for (int axis = _axes - 1; axis >= 0; axis--)
        {
            (element, long place) = Math.DivRem(element, _sizes[(6 * axis) + 1]);
            inner[axis] = (place * _sizes[(6 * axis) + 4]) - _sizes[(6 * axis) + 5];
        }

        int last = _axes - 1;
        long width = _sizes[6 * last], columns = _sizes[(6 * last) + 2], step = _sizes[(6 * last) + 3];
        for (long row = 0; row < Blocks / columns; row++)
        {
            (long rest, long offset, long stride) = (row, 0, width);
            bool isInside = true;
            for (int axis = last - 1; axis >= 0; axis--)
            {
                (rest, long block) = Math.DivRem(rest, _sizes[(6 * axis) + 2]);
                long place = (block * _sizes[(6 * axis) + 3]) + inner[axis];
                isInside &= (ulong)place < (ulong)_sizes[6 * axis];
                offset += place * stride;
                stride *= _sizes[6 * axis];
            }

            if (!isInside)
            {
                continue;
            }

            T* source = column + (row * columns);
            for (long index = 0; index < columns; index++)
            {
                long place = (index * step) + inner[last];
                if ((ulong)place < (ulong)width)
                {
                    image[offset + place] += source[index];
                }
            }
        }
    }
}
