using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Picks the nearest elements; an item is a position of one image.</summary>
internal unsafe struct GridPickWork<T, TGrid>(T* input, long channels, long plane, TGrid* grid, long positions, T* output, GridLocator locator) : IMoveWork
    where T : unmanaged
    where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
{
    private readonly T* _input = input;
    private readonly TGrid* _grid = grid;
    private readonly T* _output = output;
    private GridLocator _locator = locator;

    public void Run(long begin, long end)
    {
        long offset = 0;
        float weight = 0;
        for (long item = begin; item < end; item++)
        {
            (long image, long position) = Math.DivRem(item, positions);
            bool isInside = _locator.Locate(_grid + (item * _locator.Axes), &offset, &weight) > 0;
            for (long channel = image * channels; channel < (image + 1) * channels; channel++)
            {
                _output[(channel * positions) + position] = isInside ? _input[(channel * plane) + offset] : default;
            }
        }
    }
}
