using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Interpolates at blocks of positions; an item is a block of one image.</summary>
internal unsafe struct GridSampleWork<T, TGrid>(T* input, long channels, long plane, TGrid* grid, long positions, T* output, GridLocator locator) : IMoveWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TGrid : unmanaged, IBinaryFloatingPointIeee754<TGrid>
{
    private readonly T* _input = input;
    private readonly TGrid* _grid = grid;
    private readonly T* _output = output;
    private GridLocator _locator = locator;

    public long BlockPositions { get; } = Math.Max(1, GridSample.BlockTaps / locator.MaximumTaps);

    public readonly int Taps => _locator.MaximumTaps;

    /// <summary>Blocks of an image.</summary>
    public readonly long Blocks => (positions + BlockPositions - 1) / BlockPositions;

    public void Run(long begin, long end)
    {
        int taps = Taps;
        long* offsets = stackalloc long[(int)BlockPositions * taps];
        T* weights = stackalloc T[(int)BlockPositions * taps];
        int* counts = stackalloc int[(int)BlockPositions];
        for (long item = begin; item < end; item++)
        {
            (long image, long block) = Math.DivRem(item, Blocks);
            long first = block * BlockPositions;
            int count = (int)Math.Min(BlockPositions, positions - first);
            TGrid* position = _grid + (((image * positions) + first) * _locator.Axes);
            for (int index = 0; index < count; index++, position += _locator.Axes)
            {
                counts[index] = _locator.Locate(position, offsets + (index * taps), weights + (index * taps));
            }

            for (long channel = 0; channel < channels; channel++)
            {
                T* source = _input + (((image * channels) + channel) * plane);
                T* target = _output + (((image * channels) + channel) * positions) + first;
                for (int index = 0; index < count; index++)
                {
                    target[index] = SampleTaps.Sum(source, offsets + (index * taps), weights + (index * taps), counts[index]);
                }
            }
        }
    }
}
