using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Aligned regions; an item is a channel of a region.</summary>
internal unsafe struct RoiAlignWork<T>(
    Workers workers, T* input, in RoiImages sizes, T* regions, long* images, T* output, in RoiAlignOptions options, long samples) : IParallelWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RoiImages _sizes = sizes;
    private readonly RoiAlignOptions _options = options;
    private readonly T* _input = input;
    private readonly T* _regions = regions;
    private readonly long* _images = images;
    private readonly T* _output = output;

    public void Run(int part, int parts)
    {
        // Of rows and columns: weights, then pairs of neighbours.
        byte* scratch = workers.Scratch(part, (nuint)(samples * 2 * (sizeof(T) + (2 * sizeof(int)))));
        T* rowWeights = (T*)scratch, columnWeights = rowWeights + samples;
        int* rows = (int*)(columnWeights + samples), columns = rows + (2 * samples);
        long items = _sizes.Regions * _sizes.Channels, end = items * (part + 1) / parts, current = -1, perRow = 0, perColumn = 0;
        for (long item = items * part / parts; item < end; item++)
        {
            (long region, long channel) = Math.DivRem(item, _sizes.Channels);
            if (region != current)
            {
                current = region;
                (RoiSamples<T> vertical, RoiSamples<T> horizontal) = RoiAlign.Samples(_regions + (4 * region), _sizes, _options);
                (perRow, perColumn) = (vertical.PerPart, horizontal.PerPart);
                vertical.Locate(perRow, rows, rowWeights);
                horizontal.Locate(perColumn, columns, columnWeights);
            }

            T* image = _input + (((_images[region] * _sizes.Channels) + channel) * _sizes.Plane);
            T* target = _output + (item * _sizes.OutputPlane);
            for (long y = 0; y < _sizes.OutputHeight; y++)
            {
                for (long x = 0; x < _sizes.OutputWidth; x++)
                {
                    int* left = columns + (2 * x * perColumn);
                    T* leftWeights = columnWeights + (x * perColumn);
                    *target++ = _options.Pooling == RoiPooling.Average
                        ? Average(image, rows + (2 * y * perRow), rowWeights + (y * perRow), perRow, left, leftWeights, perColumn)
                        : Maximum(image, rows + (2 * y * perRow), rowWeights + (y * perRow), perRow, left, leftWeights, perColumn);
                }
            }
        }
    }

    private readonly T Average(T* image, int* rows, T* rowWeights, long perRow, int* columns, T* columnWeights, long perColumn)
    {
        T sum = T.Zero;
        for (long row = 0; row < perRow; row++)
        {
            if (rows[2 * row] < 0)
            {
                continue;
            }

            T* upper = image + (rows[2 * row] * _sizes.Width), lower = image + (rows[(2 * row) + 1] * _sizes.Width);
            T below = rowWeights[row], above = T.One - below;
            for (long column = 0; column < perColumn; column++)
            {
                (int left, int right, T after) = (columns[2 * column], columns[(2 * column) + 1], columnWeights[column]);
                if (left >= 0)
                {
                    T before = T.One - after;
                    sum += (above * ((before * upper[left]) + (after * upper[right]))) + (below * ((before * lower[left]) + (after * lower[right])));
                }
            }
        }

        return sum / T.CreateTruncating(Math.Max(1, perRow * perColumn));
    }

    private readonly T Maximum(T* image, int* rows, T* rowWeights, long perRow, int* columns, T* columnWeights, long perColumn)
    {
        T maximum = T.Zero;
        for (long row = 0; row < perRow; row++)
        {
            // A sample outside counts as 0.
            long high = Math.Max(0, rows[2 * row]), low = Math.Max(0, rows[(2 * row) + 1]);
            T* upper = image + (high * _sizes.Width), lower = image + (low * _sizes.Width);
            T below = rowWeights[row], above = T.One - below;
            for (long column = 0; column < perColumn; column++)
            {
                (int left, int right, T after) = (columns[2 * column], columns[(2 * column) + 1], columnWeights[column]);
                T before = T.One - after;
                T largest = rows[2 * row] < 0 || left < 0 ? T.Zero
                    : T.Max(T.Max(above * before * upper[left], above * after * upper[right]), T.Max(below * before * lower[left], below * after * lower[right]));
                maximum = row == 0 && column == 0 ? largest : T.Max(maximum, largest);
            }
        }

        return maximum;
    }
}
