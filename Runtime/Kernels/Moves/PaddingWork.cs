namespace Cameo.Kernels;

/// <summary>The rows of a padded tensor: all axes but the last.</summary>
internal readonly unsafe struct PaddingWork<T>(T* data, T* output, long* sizes, long* before, long* outputSizes, int rank, PaddingMode mode, T value) : IMoveWork
    where T : unmanaged
{
    private readonly T* _data = data;
    private readonly T* _output = output;
    private readonly long* _sizes = sizes;
    private readonly long* _before = before;
    private readonly long* _outputSizes = outputSizes;
    private readonly int _rank = rank;
    private readonly PaddingMode _mode = mode;
    private readonly T _value = value;

    public void Run(long begin, long end)
    {
        for (long row = begin; row < end; row++)
        {
            Row(row);
        }
    }

    private void Row(long row)
    {
        int last = _rank - 1;
        long columns = _outputSizes[last];
        T* to = _output + (row * columns);
        T* from = Source(row);
        if (from == null)
        {
            new Span<T>(to, checked((int)columns)).Fill(_value);
            return;
        }

        long size = _sizes[last];
        long shift = _before[last];

        // What is there is copied whole; only what is put before and behind goes element by element.
        long copied = Math.Clamp(shift, 0, columns);
        long end = Math.Clamp(shift + size, copied, columns);
        for (long column = 0; column < copied; column++)
        {
            to[column] = Element(from, column - shift, size);
        }

        if (end > copied)
        {
            MoveParts.Copy((byte*)(from + copied - shift), (byte*)(to + copied), (end - copied) * sizeof(T));
        }

        for (long column = end; column < columns; column++)
        {
            to[column] = Element(from, column - shift, size);
        }
    }

    /// <summary>The row of the data that a row of the result repeats; null where it is all constant.</summary>
    private T* Source(long row)
    {
        long offset = 0;
        long stride = _sizes[_rank - 1];
        for (int axis = _rank - 2; axis >= 0; axis--)
        {
            long position = Padding.Source((row % _outputSizes[axis]) - _before[axis], _sizes[axis], _mode);
            if (position < 0)
            {
                return null;
            }

            row /= _outputSizes[axis];
            offset += position * stride;
            stride *= _sizes[axis];
        }

        return _data + offset;
    }

    private T Element(T* from, long position, long size)
    {
        long source = Padding.Source(position, size, _mode);
        return source < 0 ? _value : from[source];
    }
}
