using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Sums over neighbours in all axes; an item is a row of the output.</summary>
internal readonly unsafe struct GeneralResizeWork<T>(T* input, T* output, ResizeAxisWeights* axes, int rank, double extrapolation) : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _input = input;
    private readonly T* _output = output;
    private readonly ResizeAxisWeights* _axes = axes;

    public void Run(long begin, long end)
    {
        long* position = stackalloc long[rank + 1];
        long columns = rank == 0 ? 1 : _axes[rank - 1].Output;
        for (long row = begin; row < end; row++)
        {
            bool isOutside = false;
            for ((int axis, long rest) = (rank - 2, row); axis >= 0; axis--)
            {
                position[axis] = rest % _axes[axis].Output;
                rest /= _axes[axis].Output;
                isOutside |= _axes[axis].First[position[axis]] == ResizeWeights.Outside;
            }

            for (long column = 0; column < columns; column++)
            {
                position[Math.Max(0, rank - 1)] = column;
                _output[(row * columns) + column] = rank == 0 ? *_input
                    : T.CreateSaturating(isOutside || _axes[rank - 1].First[column] == ResizeWeights.Outside ? extrapolation : Sum(position, 0, 0));
            }
        }
    }

    private double Sum(long* position, int axis, long offset)
    {
        if (axis == rank)
        {
            return double.CreateTruncating(_input[offset]);
        }

        ResizeAxisWeights weights = _axes[axis];
        double sum = 0;
        for (int tap = 0; tap < weights.Taps; tap++)
        {
            double weight = weights.Weights[(position[axis] * weights.Taps) + tap];

            // What weighs nothing must not make an infinity of the input a NaN.
            if (weight != 0)
            {
                long index = Math.Clamp(weights.First[position[axis]] + tap, 0, weights.Input - 1);
                sum += weight * Sum(position, axis + 1, offset + (index * weights.Stride));
            }
        }

        return sum;
    }
}
