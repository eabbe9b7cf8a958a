namespace Cameo.Generator.Packing;

/// <summary>Elements in memory that are reached by strides: transposing and slicing change only these numbers.</summary>
/// <param name="Memory">Where the elements lie.</param>
/// <param name="Offset">The first element.</param>
/// <param name="Shape">Elements along each axis.</param>
/// <param name="Strides">Elements from one index of an axis to the next; may be zero or negative.</param>
internal sealed record StridedView(NativeBuffer Memory, long Offset, long[] Shape, long[] Strides)
{
    public static StridedView Dense(NativeBuffer memory, IReadOnlyList<long> shape)
    {
        long[] strides = new long[shape.Count];
        long stride = 1;
        for (int axis = shape.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }

        return new StridedView(memory, 0, [.. shape], strides);
    }

    public StridedView Transpose(IReadOnlyList<int> permutation)
        => this with { Shape = [.. permutation.Select(axis => Shape[axis])], Strides = [.. permutation.Select(axis => Strides[axis])] };

    public StridedView Slice(IReadOnlyList<long> start, IReadOnlyList<long> step, IReadOnlyList<long> shape) => this with
    {
        Offset = Offset + start.Select((index, axis) => index * Strides[axis]).Sum(),
        Shape = [.. shape],
        Strides = [.. Strides.Select((stride, axis) => stride * step[axis])],
    };

    /// <summary>The same elements in the same order under another shape; null where strides can't express it.</summary>
    public StridedView? TryReshape(IReadOnlyList<long> shape)
    {
        // Axes of length 1 have no say. The others are matched group by group: a group of old axes holds as many elements as a group of new ones, and within it the
        // old axes must follow each other densely.
        int[] old = [.. Enumerable.Range(0, Shape.Length).Where(axis => Shape[axis] != 1)];
        long[] strides = new long[shape.Count];
        int from = 0;
        int to = 0;
        while (to < shape.Count)
        {
            if (shape[to] == 1)
            {
                to++;
                continue;
            }

            if (from == old.Length)
            {
                return null;
            }

            int fromEnd = from + 1;
            int toEnd = to + 1;
            long fromCount = Shape[old[from]];
            long toCount = shape[to];
            while (fromCount != toCount)
            {
                if (fromCount < toCount)
                {
                    if (fromEnd == old.Length || Strides[old[fromEnd - 1]] != Strides[old[fromEnd]] * Shape[old[fromEnd]])
                    {
                        return null;
                    }

                    fromCount *= Shape[old[fromEnd++]];
                }
                else if (toEnd == shape.Count)
                {
                    return null;
                }
                else
                {
                    toCount *= shape[toEnd++];
                }
            }

            long stride = Strides[old[fromEnd - 1]];
            for (int axis = toEnd - 1; axis >= to; axis--)
            {
                strides[axis] = stride;
                stride *= shape[axis];
            }

            from = fromEnd;
            to = toEnd;
        }

        return this with { Shape = [.. shape], Strides = strides };
    }
}
