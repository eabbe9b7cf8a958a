using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Finds what a position of a grid, in -1 … 1 along each axis, is made of.</summary>
internal unsafe struct GridLocator
{
    private readonly GridFilter _filter;
    private readonly GridPadding _padding;
    private readonly bool _alignsCorners;
    private fixed long _sizes[GridSample.MaximumAxes];

    public GridLocator(ReadOnlySpan<long> sizes, GridFilter filter, GridPadding padding, bool alignsCorners)
    {
        Axes = sizes.Length;
        MaximumTaps = 1;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            _sizes[axis] = sizes[axis];
            MaximumTaps *= SampleTaps.PerAxis(filter);
        }

        _filter = filter;
        _padding = padding;
        _alignsCorners = alignsCorners;
    }

    public int Axes { get; }

    /// <summary>Taps of a position where nothing lies outside.</summary>
    public int MaximumTaps { get; }

    /// <summary>The taps of a position, whose coordinates count from the innermost axis outwards.</summary>
    public int Locate<T, TGrid>(TGrid* position, long* offsets, T* weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
    {
        long* indices = stackalloc long[4];
        T* axisWeights = stackalloc T[4];
        offsets[0] = 0;
        weights[0] = T.One;
        int count = 1;
        for (int axis = 0; axis < Axes && count > 0; axis++)
        {
            int neighbours = Neighbours(position[Axes - 1 - axis], _sizes[axis], indices, axisWeights);
            count = SampleTaps.Combine(offsets, weights, count, indices, axisWeights, neighbours, _sizes[axis]);
        }

        return count;
    }

    private readonly int Neighbours<T, TGrid>(TGrid coordinate, long size, long* indices, T* weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
    {
        TGrid two = TGrid.One + TGrid.One, length = TGrid.CreateTruncating(size);
        TGrid position = _alignsCorners ? (coordinate + TGrid.One) / two * (length - TGrid.One) : (((coordinate + TGrid.One) * length) - TGrid.One) / two;
        if (_filter == GridFilter.Nearest)
        {
            position = TGrid.Round(position);
        }

        TGrid first = _alignsCorners ? TGrid.Zero : -TGrid.One / two, last = length - TGrid.One - first;
        if (!(position >= first && position <= last))
        {
            // Zeros are seen by a cubic filter up to two elements outside.
            if (size == 0 || (_padding == GridPadding.Zeros && !(position >= -two && position <= length + TGrid.One)))
            {
                return 0;
            }

            position = _padding switch
            {
                GridPadding.Zeros => position,
                GridPadding.Border => position > TGrid.Zero ? length - TGrid.One : TGrid.Zero,
                _ => Reflect(position, first, last),
            };
        }

        TGrid floor = TGrid.Floor(position);
        long index = long.CreateTruncating(floor);
        T fraction = T.CreateTruncating(position - floor);
        int count = 0;
        if (_filter == GridFilter.Nearest)
        {
            Add(index, T.One, size, indices, weights, ref count);
        }
        else if (_filter == GridFilter.Linear)
        {
            Add(index, T.One - fraction, size, indices, weights, ref count);
            Add(index + 1, fraction, size, indices, weights, ref count);
        }
        else
        {
            Add(index - 1, Far(T.One + fraction), size, indices, weights, ref count);
            Add(index, Near(fraction), size, indices, weights, ref count);
            Add(index + 1, Near(T.One - fraction), size, indices, weights, ref count);
            Add(index + 2, Far(T.One + T.One - fraction), size, indices, weights, ref count);
        }

        return count;
    }

    private readonly void Add<T>(long index, T weight, long size, long* indices, T* weights, ref int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if ((ulong)index >= (ulong)size)
        {
            if (_padding == GridPadding.Zeros)
            {
                return;
            }

            index = _padding == GridPadding.Border ? Math.Clamp(index, 0, size - 1) : Reflect(index, size);
        }

        if (weight != T.Zero)
        {
            indices[count] = index;
            weights[count++] = weight;
        }
    }

    /// <summary>Reflects an index at the centres of the outer elements, or at their edges.</summary>
    private readonly long Reflect(long index, long size)
    {
        long period = _alignsCorners ? 2 * (size - 1) : 2 * size;
        if (period == 0)
        {
            return 0;
        }

        long place = index % period;
        place += place < 0 ? period : 0;
        return place < size ? place : _alignsCorners ? period - place : period - 1 - place;
    }

    /// <summary>Reflects a position at the borders until it lies inside; what is no number becomes the first.</summary>
    private static TGrid Reflect<TGrid>(TGrid position, TGrid first, TGrid last)
        where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
    {
        TGrid range = last - first;
        TGrid distance = position < first ? first - position : position - last;
        if (!TGrid.IsFinite(distance) || range <= TGrid.Zero)
        {
            return TGrid.Max(first, TGrid.Zero);
        }

        TGrid turns = TGrid.Truncate(distance / range);
        TGrid rest = TGrid.Clamp(distance - (turns * range), TGrid.Zero, range);
        bool isForth = turns % (TGrid.One + TGrid.One) == TGrid.Zero;
        return position < first == isForth ? first + rest : last - rest;
    }

    // Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -0.75.
    private static T Near<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (((T.CreateTruncating(1.25) * x) - T.CreateTruncating(2.25)) * x * x) + T.One;

    private static T Far<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (((((T.CreateTruncating(-0.75) * x) + T.CreateTruncating(3.75)) * x) - T.CreateTruncating(6)) * x) + T.CreateTruncating(3);
}
