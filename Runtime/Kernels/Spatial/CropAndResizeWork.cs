using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Resized crops; an item is a row of all channels of a region.</summary>
internal readonly unsafe struct CropAndResizeWork<T>(T* input, RoiImages sizes, T* regions, int* images, bool isNearest, T outside, T* output) : IMoveWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* _input = input;
    private readonly T* _regions = regions;
    private readonly int* _images = images;
    private readonly T* _output = output;

    public void Run(long begin, long end)
    {
        for (long item = begin; item < end; item++)
        {
            (long region, long y) = Math.DivRem(item, sizes.OutputHeight);
            T* box = _regions + (4 * region);
            T vertical = Position(box[0], box[2], y, sizes.OutputHeight, sizes.Height);
            T* image = _input + (_images[region] * sizes.Channels * sizes.Plane);
            T* row = _output + (region * sizes.Channels * sizes.OutputPlane) + (y * sizes.OutputWidth);
            for (long x = 0; x < sizes.OutputWidth; x++)
            {
                T horizontal = Position(box[1], box[3], x, sizes.OutputWidth, sizes.Width);
                Sample(image, vertical, horizontal, row + x);
            }
        }
    }

    private void Sample(T* image, T vertical, T horizontal, T* target)
    {
        bool isInside = vertical >= T.Zero && vertical <= T.CreateTruncating(sizes.Height - 1) && horizontal >= T.Zero && horizontal <= T.CreateTruncating(sizes.Width - 1);
        if (isInside && isNearest)
        {
            vertical = T.Round(vertical, MidpointRounding.AwayFromZero);
            horizontal = T.Round(horizontal, MidpointRounding.AwayFromZero);
        }

        (T above, T before) = isInside ? (T.Floor(vertical), T.Floor(horizontal)) : (T.Zero, T.Zero);
        (T down, T across) = (vertical - above, horizontal - before);
        long top = long.CreateTruncating(above) * sizes.Width, bottom = down > T.Zero ? top + sizes.Width : top;
        long left = long.CreateTruncating(before), right = across > T.Zero ? left + 1 : left;
        for (long channel = 0; channel < sizes.Channels; channel++, image += sizes.Plane, target += sizes.OutputPlane)
        {
            if (!isInside)
            {
                *target = outside;
                continue;
            }

            T upper = image[top + left] + ((image[top + right] - image[top + left]) * across);
            T lower = image[bottom + left] + ((image[bottom + right] - image[bottom + left]) * across);
            *target = upper + ((lower - upper) * down);
        }
    }

    /// <summary>Where an element of the result lies in the image: the ends of the region exactly.</summary>
    private static T Position(T start, T end, long index, long count, long size)
    {
        T last = T.CreateTruncating(size - 1);
        return count == 1 ? T.CreateTruncating(0.5) * (start + end) * last
            : index == count - 1 ? end * last
            : (start * last) + (T.CreateTruncating(index) * ((end - start) * last / T.CreateTruncating(count - 1)));
    }
}
