using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Random numbers: the same for the same seed, whatever the number of threads.</summary>
public static unsafe class RandomNumbers
{
    /// <summary>Elements that are made from one place of the stream on, whatever their type.</summary>
    internal const int ElementsPerBlock = 4;

    /// <summary>About what an element costs, in simple operations on elements: ten rounds for four of them; a logarithm, a root, a sine and a cosine for two where they are normal.</summary>
    private const long UniformCost = 6, NormalCost = 60;

    private static readonly ulong Entropy = (ulong)Random.Shared.NextInt64();

    private static long s_streams;

    /// <summary>A seed that no other call in this process gives, for operators without one.</summary>
    public static ulong NewSeed()
    {
        // SplitMix64's mixing: neighbouring numbers become keys that have nothing in common.
        ulong mixed = Entropy + ((ulong)Interlocked.Increment(ref s_streams) * 0x9E3779B97F4A7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>Fills a tensor.</summary>
    /// <typeparam name="T">Type of the elements: float or double.</typeparam>
    /// <param name="workers">Threads.</param>
    /// <param name="output">The tensor.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="distribution">How they are distributed.</param>
    /// <param name="first">Lower bound or mean.</param>
    /// <param name="second">Upper bound or standard deviation.</param>
    /// <param name="seed">Key of the stream.</param>
    public static void Fill<T>(Workers workers, T* output, long count, RandomDistribution distribution, double first, double second, ulong seed)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var work = new RandomFill<T>(output, count, distribution, first, second, seed);
        long cost = distribution == RandomDistribution.Normal ? NormalCost : UniformCost;
        workers.Run(ref work, (int)Math.Clamp((double)count * cost / Loops.MinimumWorkPerThread, 1, workers.Count));
    }

    /// <summary>Draws classes by their logarithmic probabilities, which need not sum to 1 (ONNX's Multinomial).</summary>
    /// <typeparam name="T">Type of the logarithms: float or double.</typeparam>
    /// <typeparam name="TIndex">Type of the result: int or long.</typeparam>
    /// <param name="workers">Threads and scratch memory.</param>
    /// <param name="logarithms">[batch, classes].</param>
    /// <param name="batch">Number of rows.</param>
    /// <param name="classes">Classes of a row.</param>
    /// <param name="samples">Draws of a row.</param>
    /// <param name="seed">Key of the stream.</param>
    /// <param name="output">Receives [batch, samples] classes.</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <exception cref="ArgumentException">A row has no class that is possible, or one that is infinitely likely or no number.</exception>
    public static void Multinomial<T, TIndex>(Workers workers, T* logarithms, long batch, long classes, long samples, ulong seed, TIndex* output, string operation)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        if (samples <= 0)
        {
            return;
        }

        var sums = (double*)workers.SharedScratch(checked((nuint)(Math.Max(classes, 1) * sizeof(double))));
        for (long row = 0; row < batch; row++)
        {
            double total = Accumulate(logarithms + (row * classes), classes, sums);
            if (!(total > 0) || !double.IsFinite(total))
            {
                throw new ArgumentException($"{operation}: the {classes} probabilities of row {row} cannot be drawn from: none is above 0, or one is infinite or no number.");
            }

            for (long sample = 0; sample < samples; sample++)
            {
                long element = (row * samples) + sample;
                (double even, double odd) = Philox.Doubles(seed, (ulong)element / 2);
                output[element] = TIndex.CreateTruncating(Find(sums, classes, (element % 2 == 0 ? even : odd) * total));
            }
        }
    }

    /// <summary>Sums of the probabilities up to each class, and that of all; relative to the largest.</summary>
    private static double Accumulate<T>(T* logarithms, long classes, double* sums)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double largest = double.NegativeInfinity, total = 0;
        for (long index = 0; index < classes; index++)
        {
            largest = Math.Max(largest, double.CreateTruncating(logarithms[index]));
        }

        for (long index = 0; index < classes; index++)
        {
            total += Math.Exp(double.CreateTruncating(logarithms[index]) - largest);
            sums[index] = total;
        }

        return total;
    }

    /// <summary>The first class whose sum is above the place; the last that is possible where rounding leaves none.</summary>
    private static long Find(double* sums, long classes, double place)
    {
        long low = 0, high = classes - 1;
        while (low < high)
        {
            long middle = (low + high) / 2;
            (low, high) = sums[middle] > place ? (low, middle) : (middle + 1, high);
        }

        while (low > 0 && sums[low] == sums[low - 1])
        {
            low--;
        }

        return low;
    }
}
