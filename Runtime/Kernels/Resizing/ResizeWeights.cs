namespace Cameo.Kernels;

/// <summary>Computes neighbours and weights along one axis; see https://onnx.ai/onnx/operators/onnx__Resize.html.</summary>
internal static unsafe class ResizeWeights
{
    public const long Outside = long.MinValue;

    /// <summary>How many elements of the input an element of the output depends on; 1 where the axis stays as it is.</summary>
    public static int Taps(in ResizeOptions options, double scale, bool keepsSize)
    {
        if (keepsSize && scale == 1 && options.Coordinates != ResizeCoordinates.Region)
        {
            return 1;
        }

        int neighbours = options.Filter == ResizeFilter.Cubic ? 4 : 2;
        return options.Antialiases && options.Filter != ResizeFilter.Nearest
            ? 2 - (2 * (int)(Math.Floor(-neighbours / 2 / Math.Min(scale, 1)) + 1))
            : neighbours;
    }

    /// <summary>Fills the tables of an axis and moves the pointer behind them.</summary>
    public static ResizeAxisWeights Compute(in ResizeOptions options, long from, long to, double scale, double begin, double end, long stride, ref double* table)
    {
        int taps = Taps(options, scale, from == to);
        var weights = new ResizeAxisWeights { Input = from, Output = to, Stride = stride, Taps = taps, First = (long*)table, Weights = table + to };
        table += to * (1 + taps);
        var axis = new ResizeAxis((int)from, (int)to, (float)scale);
        for (long index = 0; index < to; index++)
        {
            double* own = weights.Weights + (index * taps);
            if (taps == 1)
            {
                weights.First[index] = index;
                *own = 1;
                continue;
            }

            double x = options.Coordinates == ResizeCoordinates.Region ? InRegion(index, from, to, begin, end) : axis.Coordinate((int)index, options.Coordinates);
            bool isOutside = options.Coordinates == ResizeCoordinates.Region && (x < 0 || x > from - 1);
            weights.First[index] = isOutside ? Outside : (long)Math.Ceiling(x) - (taps / 2);
            if (!isOutside)
            {
                // In (0, 1]: a whole coordinate is that of its left pair's right element.
                Fill(options, x - Math.Ceiling(x) + 1, scale, own, taps);
                Normalize(options, weights.First[index], from, own, taps);
            }
        }

        return weights;
    }

    private static double InRegion(long index, long from, long to, double begin, double end)
        => to > 1 ? (begin * (from - 1)) + (index * (end - begin) * (from - 1) / (to - 1)) : 0.5 * (begin + end) * (from - 1);

    private static void Fill(in ResizeOptions options, double ratio, double scale, double* weights, int taps)
    {
        if (options.Filter == ResizeFilter.Nearest)
        {
            bool isLeft = ratio < 1 && options.Rounding switch
            {
                ResizeRounding.RoundPreferFloor => ratio <= 0.5,
                ResizeRounding.RoundPreferCeiling => ratio < 0.5,
                ResizeRounding.Floor => true,
                _ => false,
            };
            (weights[0], weights[1]) = isLeft ? (1, 0) : (0, 1);
            return;
        }

        double width = options.Antialiases ? Math.Min(scale, 1) : 1;
        for (int tap = 0; tap < taps; tap++)
        {
            double distance = Math.Abs(tap + 1 - (taps / 2) - ratio) * width;
            weights[tap] = options.Filter == ResizeFilter.Linear ? Math.Max(0, 1 - distance) : Cubic(distance, options.CubicCoefficient);
        }
    }

    private static double Cubic(double x, double a) => x <= 1 ? ((((a + 2) * x) - (a + 3)) * x * x) + 1
        : x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * a
        : 0;

    /// <summary>Weights that were cut off, or do not sum up to 1 by themselves, are made to.</summary>
    private static void Normalize(in ResizeOptions options, long first, long from, double* weights, int taps)
    {
        double sum = 0;
        for (int tap = 0; tap < taps; tap++)
        {
            if (options.ExcludesOutside && (first + tap < 0 || first + tap >= from))
            {
                weights[tap] = 0;
            }

            sum += weights[tap];
        }

        for (int tap = 0; (options.ExcludesOutside || options.Antialiases) && sum != 0 && tap < taps; tap++)
        {
            weights[tap] /= sum;
        }
    }
}
