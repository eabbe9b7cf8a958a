namespace Cameo.Kernels;

/// <summary>Pooling of float64; an item is a channel of an image.</summary>
internal readonly unsafe struct DoublePoolingWork(PoolingShape shape, double* input, double* output) : IMoveWork
{
    private readonly double* _input = input;
    private readonly double* _output = output;

    public bool IsMaximum { get; init; }

    public bool IncludesPadding { get; init; }

    public long* Indices { get; init; }

    public bool IsColumnMajor { get; init; }

    public void Run(long begin, long end)
    {
        for (long plane = begin; plane < end; plane++)
        {
            nint offset = (nint)plane * shape.OutputPlane;
            for (int z = 0; z < shape.Depth.Output; z++)
            {
                for (int y = 0; y < shape.Height.Output; y++)
                {
                    for (int x = 0; x < shape.Width.Output; x++, offset++)
                    {
                        _output[offset] = Pool((nint)plane, offset, new PoolingWindow(shape.Depth, z), new PoolingWindow(shape.Height, y), new PoolingWindow(shape.Width, x));
                    }
                }
            }
        }
    }

    private double Pool(nint plane, nint offset, in PoolingWindow depth, in PoolingWindow height, in PoolingWindow width)
    {
        double* image = _input + (plane * shape.InputPlane);
        double sum = 0, maximum = double.MinValue;
        nint best = -1;
        for (int z = 0; z < depth.Count; z++)
        {
            for (int y = 0; y < height.Count; y++)
            {
                nint row = ((((depth.First + (z * shape.Depth.Dilation)) * (nint)shape.Height.Input) + height.First + (y * shape.Height.Dilation)) * shape.Width.Input) + width.First;
                for (int x = 0; x < width.Count; x++)
                {
                    nint index = row + (x * shape.Width.Dilation);
                    sum += image[index];
                    bool isLarger = image[index] > maximum;
                    maximum = isLarger ? image[index] : maximum;
                    best = isLarger || best < 0 ? index : best;
                }
            }
        }

        if (Indices != null)
        {
            Indices[offset] = best < 0 ? -1 : (plane * shape.InputPlane) + (IsColumnMajor ? ColumnMajor(best) : best);
        }

        return IsMaximum ? maximum : sum / ((double)depth.Divisor(IncludesPadding) * height.Divisor(IncludesPadding) * width.Divisor(IncludesPadding));
    }

    private nint ColumnMajor(nint index)
    {
        (nint rest, nint x) = Math.DivRem(index, shape.Width.Input);
        (nint z, nint y) = Math.DivRem(rest, shape.Height.Input);
        return z + (shape.Depth.Input * (y + (shape.Height.Input * x)));
    }
}
