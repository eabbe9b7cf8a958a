using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Maxima of regions; an item is a channel of a region.</summary>
internal readonly unsafe struct RoiMaximumWork<T>(T* input, RoiImages sizes, T* regions, T scale, T* output) : IMoveWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* _input = input;
    private readonly T* _regions = regions;
    private readonly T* _output = output;

    public void Run(long begin, long end)
    {
        for (long item = begin; item < end; item++)
        {
            (long region, long channel) = Math.DivRem(item, sizes.Channels);
            T* box = _regions + (5 * region);
            T* image = _input + (((long.CreateTruncating(box[0]) * sizes.Channels) + channel) * sizes.Plane);
            T* target = _output + (item * sizes.OutputPlane);
            for (long y = 0; y < sizes.OutputHeight; y++)
            {
                (long top, long bottom) = Part(box[2], box[4], y, sizes.OutputHeight, sizes.Height);
                for (long x = 0; x < sizes.OutputWidth; x++)
                {
                    (long left, long right) = Part(box[1], box[3], x, sizes.OutputWidth, sizes.Width);
                    *target++ = Maximum(image, top, bottom, left, right);
                }
            }
        }
    }

    private T Maximum(T* image, long top, long bottom, long left, long right)
    {
        if (top >= bottom || left >= right)
        {
            return T.Zero;
        }

        T maximum = image[(top * sizes.Width) + left];
        for (long y = top; y < bottom; y++)
        {
            for (long x = left; x < right; x++)
            {
                maximum = T.Max(maximum, image[(y * sizes.Width) + x]);
            }
        }

        return maximum;
    }

    /// <summary>Begin and end of a part of a region along an axis, cut off at the image's borders.</summary>
    private (long Begin, long End) Part(T start, T end, long part, long parts, long size)
    {
        long first = Nearest(start), length = Math.Max(Nearest(end) - first + 1, 1);
        T extent = T.CreateTruncating(length) / T.CreateTruncating(parts);
        long begin = long.CreateSaturating(T.Floor(T.CreateTruncating(part) * extent));
        long last = long.CreateSaturating(T.Ceiling(T.CreateTruncating(part + 1) * extent));
        return (Math.Clamp(begin + first, 0, size), Math.Clamp(last + first, 0, size));
    }

    /// <summary>The coordinate in elements, rounded away from zero between two; kept where sums of it do not overflow.</summary>
    private long Nearest(T coordinate) => Math.Clamp(long.CreateSaturating(T.Round(coordinate * scale, MidpointRounding.AwayFromZero)), -(1L << 40), 1L << 40);
}
