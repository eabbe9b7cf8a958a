using System.Numerics;
using System.Runtime.CompilerServices;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Fills a tensor with random numbers; parts begin where blocks of the generator do.</summary>
internal unsafe struct RandomFill<T>(T* output, long count, RandomDistribution distribution, double first, double second, ulong seed) : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ElementsPerBlock = RandomNumbers.ElementsPerBlock;

    // The largest number below the upper bound: rounding must not reach the bound itself.
    private readonly T _last = T.BitDecrement(T.CreateTruncating(second));

    public readonly void Run(int part, int parts)
    {
        long blocks = (count + ElementsPerBlock - 1) / ElementsPerBlock;
        T* values = stackalloc T[ElementsPerBlock];
        for (long block = blocks * part / parts, end = blocks * (part + 1) / parts; block < end; block++)
        {
            Make((ulong)block, values);
            long begin = block * ElementsPerBlock;
            for (int index = 0; index < Math.Min(ElementsPerBlock, count - begin); index++)
            {
                output[begin + index] = values[index];
            }
        }
    }

    private readonly void Make(ulong block, T* values)
    {
        if (distribution == RandomDistribution.Normal)
        {
            MakeNormal(2 * block, values);
            MakeNormal((2 * block) + 1, values + 2);
        }
        else if (typeof(T) == typeof(double))
        {
            (double a, double b) = Philox.Doubles(seed, 2 * block);
            (double c, double d) = Philox.Doubles(seed, (2 * block) + 1);
            (values[0], values[1], values[2], values[3]) = (Place(a), Place(b), Place(c), Place(d));
        }
        else
        {
            const double Scale = 1.0 / (1L << 32);
            (uint a, uint b, uint c, uint d) = Philox.Block(seed, block);
            (values[0], values[1], values[2], values[3]) = (Place(a * Scale), Place(b * Scale), Place(c * Scale), Place(d * Scale));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T Place(double fraction)
    {
        T value = T.CreateTruncating(first + (fraction * (second - first)));
        return second > first && value > _last ? _last : value;
    }

    /// <summary>Box and Muller's pair.</summary>
    private readonly void MakeNormal(ulong place, T* values)
    {
        (double radius, double angle) = Philox.Doubles(seed, place);

        // 1 - u is never 0, whose logarithm is infinite.
        double length = second * Math.Sqrt(-2 * Math.Log(1 - radius));
        (double sine, double cosine) = double.SinCosPi(2 * angle);
        values[0] = T.CreateTruncating(first + (length * cosine));
        values[1] = T.CreateTruncating(first + (length * sine));
    }
}
