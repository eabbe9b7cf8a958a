using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The samples of a region along one axis: pairs of neighbours and the weights of the second ones.</summary>
internal readonly unsafe struct RoiSamples<T>(T start, T end, long size, long parts, in RoiAlignOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _start = (start * T.CreateTruncating(options.SpatialScale)) - Shift(options);
    private readonly T _extent = Extent(start, end, options);
    private readonly long _ratio = options.SamplingRatio;

    /// <summary>Samples of a part.</summary>
    public long PerPart => _ratio > 0 ? _ratio : Math.Max(0, long.CreateSaturating(T.Ceiling(_extent / T.CreateTruncating(parts))));

    /// <summary>Computes the samples of all parts; one that lies outside has the first neighbour -1.</summary>
    public void Locate(long perPart, int* neighbours, T* weights)
    {
        T part = _extent / T.CreateTruncating(parts), half = T.CreateTruncating(0.5);
        long sample = 0;
        for (long index = 0; index < parts; index++)
        {
            for (long inner = 0; inner < perPart; inner++, sample++)
            {
                T position = _start + (T.CreateTruncating(index) * part) + ((T.CreateTruncating(inner) + half) * part / T.CreateTruncating(perPart));
                if (!(position >= -T.One && position <= T.CreateTruncating(size)))
                {
                    (neighbours[2 * sample], neighbours[(2 * sample) + 1], weights[sample]) = (-1, -1, T.Zero);
                    continue;
                }

                position = T.Max(position, T.Zero);
                long low = Math.Min(long.CreateTruncating(position), size - 1);
                neighbours[2 * sample] = (int)low;
                neighbours[(2 * sample) + 1] = (int)Math.Min(low + 1, size - 1);
                weights[sample] = low < size - 1 ? position - T.CreateTruncating(low) : T.Zero;
            }
        }
    }

    private static T Shift(in RoiAlignOptions options) => T.CreateTruncating(options.ShiftsByHalf ? 0.5 : 0);

    private static T Extent(T start, T end, in RoiAlignOptions options)
    {
        T scale = T.CreateTruncating(options.SpatialScale);
        T extent = ((end * scale) - Shift(options)) - ((start * scale) - Shift(options));
        return options.ShiftsByHalf ? extent : T.Max(extent, T.One);
    }
}
