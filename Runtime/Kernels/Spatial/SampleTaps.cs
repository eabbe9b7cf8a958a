using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>
/// The elements of an image that a sample is made of: offsets and weights, the product of those of each axis. What lies outside where there are zeros, or weighs nothing,
/// is not among them, so that it cannot make an infinity of the image a NaN.
/// </summary>
internal static unsafe class SampleTaps
{
    /// <summary>Neighbours that a filter reads along an axis.</summary>
    public static int PerAxis(GridFilter filter) => filter switch { GridFilter.Nearest => 1, GridFilter.Linear => 2, _ => 4 };

    /// <summary>Combines an axis' neighbours with those of the axes before it; returns the number of taps.</summary>
    /// <param name="offsets">Offsets of <paramref name="count"/> taps; room for all combinations.</param>
    /// <param name="weights">Their weights.</param>
    /// <param name="count">Taps so far.</param>
    /// <param name="indices">The axis' neighbours.</param>
    /// <param name="axisWeights">Their weights.</param>
    /// <param name="neighbours">Their number.</param>
    /// <param name="size">The axis' size.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine<T>(long* offsets, T* weights, int count, long* indices, T* axisWeights, int neighbours, long size)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // From the last on, since combinations take more room than what they are made of.
        for (int tap = count - 1; tap >= 0; tap--)
        {
            (long offset, T weight) = (offsets[tap] * size, weights[tap]);
            for (int neighbour = neighbours - 1; neighbour >= 0; neighbour--)
            {
                offsets[(tap * neighbours) + neighbour] = offset + indices[neighbour];
                weights[(tap * neighbours) + neighbour] = weight * axisWeights[neighbour];
            }
        }

        return count * neighbours;
    }

    /// <summary>The neighbours of a position between elements, in units of elements, with zeros outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Linear<T>(T position, long size, long* indices, T* weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(position > -T.One && position < T.CreateTruncating(size)))
        {
            return 0;
        }

        T floor = T.Floor(position);
        long first = long.CreateTruncating(floor);
        T fraction = position - floor;
        int count = 0;
        if (first >= 0)
        {
            indices[count] = first;
            weights[count++] = T.One - fraction;
        }

        if (fraction > T.Zero && first + 1 < size)
        {
            indices[count] = first + 1;
            weights[count++] = fraction;
        }

        return count;
    }

    /// <summary>The sum of all taps of one image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum<T>(T* image, long* offsets, T* weights, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (count == 4)
        {
            return (image[offsets[0]] * weights[0]) + (image[offsets[1]] * weights[1]) + (image[offsets[2]] * weights[2]) + (image[offsets[3]] * weights[3]);
        }

        T sum = T.Zero;
        for (int tap = 0; tap < count; tap++)
        {
            sum += image[offsets[tap]] * weights[tap];
        }

        return sum;
    }
}
