namespace Cameo.Tests.Operators.Spatial;

/// <summary>Sampling by its definition, in double precision and one element after another.</summary>
internal static class SpatialReference
{
    /// <summary>An image's value at a position in elements along each axis: neighbours of an axis, then those of the next.</summary>
    /// <param name="image">The image.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="position">The position.</param>
    /// <param name="filter">"nearest", "linear" or "cubic".</param>
    /// <param name="padding">"zeros", "border" or "reflection".</param>
    /// <param name="alignsCorners">Whether reflections are at centres.</param>
    public static double Sample(ReadOnlySpan<double> image, ReadOnlySpan<int> sizes, ReadOnlySpan<double> position, string filter, string padding, bool alignsCorners)
    {
        if (sizes.Length == 0)
        {
            return image[0];
        }

        int size = sizes[0], inner = image.Length / size;
        double sum = 0;
        foreach ((int index, double weight) in Neighbours(position[0], size, filter, padding, alignsCorners))
        {
            sum += index < 0 ? 0 : weight * Sample(image.Slice(index * inner, inner), sizes[1..], position[1..], filter, padding, alignsCorners);
        }

        return sum;
    }

    /// <summary>The neighbours of a position; -1 where there is a zero.</summary>
    private static (int Index, double Weight)[] Neighbours(double position, int size, string filter, string padding, bool alignsCorners)
    {
        double first = alignsCorners ? 0 : -0.5, last = size - 1 - first;
        position = filter == "nearest" ? Math.Round(position, MidpointRounding.ToEven) : position;
        if (position < first || position > last)
        {
            position = padding == "border" ? Math.Clamp(position, 0, size - 1) : padding == "reflection" ? Reflected(position, first, last) : position;
        }

        int floor = (int)Math.Floor(position);
        double fraction = position - floor;
        (int, double)[] around = filter switch
        {
            "nearest" => [(floor, 1)],
            "linear" => [(floor, 1 - fraction), (floor + 1, fraction)],
            _ => [(floor - 1, Cubic(1 + fraction)), (floor, Cubic(fraction)), (floor + 1, Cubic(1 - fraction)), (floor + 2, Cubic(2 - fraction))],
        };
        return [.. around.Select(tap => (Inside(tap.Item1), tap.Item2))];

        int Inside(int index) => index >= 0 && index < size ? index
            : padding == "border" ? Math.Clamp(index, 0, size - 1)
            : padding == "reflection" ? (int)Reflected(index, first, last)
            : -1;
    }

    /// <summary>One reflection after another.</summary>
    private static double Reflected(double position, double first, double last)
    {
        while (first < last && (position < first || position > last))
        {
            position = position < first ? (2 * first) - position : (2 * last) - position;
        }

        return first < last ? position : 0;
    }

    /// <summary>Keys' kernel with a = -0.75, by its two pieces.</summary>
    private static double Cubic(double x)
    {
        const double A = -0.75;
        x = Math.Abs(x);
        return x <= 1 ? ((A + 2) * x * x * x) - ((A + 3) * x * x) + 1
            : x < 2 ? (A * x * x * x) - (5 * A * x * x) + (8 * A * x) - (4 * A)
            : 0;
    }
}
