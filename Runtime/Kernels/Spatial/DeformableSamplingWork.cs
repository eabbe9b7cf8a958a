using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Deformable columns; an item is a block of positions of one element of the kernel in one group of one image.</summary>
internal unsafe struct DeformableSamplingWork<T> : IMoveWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* _input;
    private readonly T* _offsets;
    private readonly T* _mask;
    private readonly T* _columns;
    private readonly int _axes;
    private readonly long _channels;
    private readonly long _groups;
    private readonly long _plane;
    private readonly long _kernel;
    private readonly long _positions;
    private readonly long _blocks;

    // Of each axis: input, kernel, output, stride, dilation, padding.
    private fixed long _sizes[GridSample.MaximumAxes * 6];

    public DeformableSamplingWork(in DeformableShape shape, T* input, T* offsets, T* mask, T* columns)
    {
        _input = input;
        _offsets = offsets;
        _mask = mask;
        _columns = columns;
        (_channels, _groups, _axes) = (shape.Channels, shape.OffsetGroups, shape.Input.Length);
        (_plane, _kernel, _positions) = (MoveShape.Count(shape.Input), MoveShape.Count(shape.Kernel), MoveShape.Count(shape.Output));
        for (int axis = 0; axis < _axes; axis++)
        {
            _sizes[6 * axis] = shape.Input[axis];
            _sizes[(6 * axis) + 1] = shape.Kernel[axis];
            _sizes[(6 * axis) + 2] = shape.Output[axis];
            _sizes[(6 * axis) + 3] = shape.Strides[axis];
            _sizes[(6 * axis) + 4] = shape.Dilations[axis];
            _sizes[(6 * axis) + 5] = shape.Pads[axis];
        }

        ItemPositions = GridSample.BlockTaps / Taps;
        _blocks = (_positions + ItemPositions - 1) / ItemPositions;
        Items = shape.Batch * _groups * _kernel * _blocks;
    }

    public readonly int Taps => 1 << _axes;

    public long ItemPositions { get; }

    public long Items { get; }

    public void Run(long begin, long end)
    {
        int taps = Taps;
        long* offsets = stackalloc long[(int)ItemPositions * taps];
        T* weights = stackalloc T[(int)ItemPositions * taps];
        int* counts = stackalloc int[(int)ItemPositions];
        long channels = _channels / _groups;
        for (long item = begin; item < end; item++)
        {
            // [image, group, kernel element] and the block of positions.
            (long place, long block) = Math.DivRem(item, _blocks);
            (long imageGroup, long element) = Math.DivRem(place, _kernel);
            long first = block * ItemPositions;
            int count = (int)Math.Min(ItemPositions, _positions - first);
            T* moves = _offsets + (place * _axes * _positions);
            for (int index = 0; index < count; index++)
            {
                counts[index] = Locate(element, first + index, moves + first + index, offsets + (index * taps), weights + (index * taps));
            }

            T* factors = _mask == null ? null : _mask + (place * _positions) + first;
            for (long channel = imageGroup * channels; channel < (imageGroup + 1) * channels; channel++)
            {
                T* source = _input + (channel * _plane);
                T* target = _columns + (((channel * _kernel) + element) * _positions) + first;
                for (int index = 0; index < count; index++)
                {
                    T sample = SampleTaps.Sum(source, offsets + (index * taps), weights + (index * taps), counts[index]);
                    target[index] = factors == null ? sample : sample * factors[index];
                }
            }
        }
    }

    /// <summary>The taps of one element of the window at one position.</summary>
    private int Locate(long element, long position, T* moves, long* offsets, T* weights)
    {
        long* places = stackalloc long[GridSample.MaximumAxes];
        for (int axis = _axes - 1; axis >= 0; axis--)
        {
            (element, long inner) = Math.DivRem(element, _sizes[(6 * axis) + 1]);
            (position, long window) = Math.DivRem(position, _sizes[(6 * axis) + 2]);
            places[axis] = (window * _sizes[(6 * axis) + 3]) + (inner * _sizes[(6 * axis) + 4]) - _sizes[(6 * axis) + 5];
        }

        long* indices = stackalloc long[2];
        T* axisWeights = stackalloc T[2];
        offsets[0] = 0;
        weights[0] = T.One;
        int count = 1;
        for (int axis = 0; axis < _axes && count > 0; axis++)
        {
            long size = _sizes[6 * axis];
            int neighbours = SampleTaps.Linear(T.CreateTruncating(places[axis]) + moves[axis * _positions], size, indices, axisWeights);
            count = SampleTaps.Combine(offsets, weights, count, indices, axisWeights, neighbours, size);
        }

        return count;
    }
}
