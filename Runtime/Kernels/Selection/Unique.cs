using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Finds the different slices of a dense tensor along one axis, seen as [outer, size, inner].</summary>
public static unsafe class Unique
{
    /// <summary>Tells the slices apart.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="data">The tensor.</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="inner">Product of the sizes behind it.</param>
    /// <param name="sorted">Whether the different slices are numbered in ascending order; else in order of first occurrence.</param>
    /// <param name="firsts">Receives the first position of each different slice; holds <paramref name="size"/> numbers.</param>
    /// <param name="inverse">Receives the number of each position's slice: <paramref name="size"/> numbers.</param>
    /// <param name="counts">Receives how often each different slice occurs; holds <paramref name="size"/> numbers.</param>
    /// <param name="scratch">Memory for 2 · <paramref name="size"/> numbers.</param>
    /// <returns>How many different slices there are.</returns>
    public static long Find<T>(T* data, long outer, long size, long inner, bool sorted, long* firsts, long* inverse, long* counts, long* scratch)
        where T : unmanaged, INumber<T>
    {
        long* positions = scratch;
        for (long index = 0; index < size; index++)
        {
            positions[index] = index;
        }

        var order = new SliceOrder<T>(data, outer, size, inner);
        StableSort.Run(positions, scratch + size, size, ref order);
        long count = 0;
        for (long index = 0; index < size; index++)
        {
            if (index == 0 || order.Compare(positions[index - 1], positions[index]) != 0)
            {
                firsts[count] = positions[index];
                counts[count] = 0;
                count++;
            }

            counts[count - 1]++;
            inverse[positions[index]] = count - 1;
        }

        if (!sorted)
        {
            Renumber(size, count, firsts, inverse, counts, scratch);
        }

        return count;
    }

    /// <summary>Numbers the different slices in the order in which they occur.</summary>
    private static void Renumber(long size, long count, long* firsts, long* inverse, long* counts, long* scratch)
    {
        long* numbers = scratch;
        long* oldCounts = scratch + size;
        for (long index = 0; index < count; index++)
        {
            numbers[index] = -1;
            oldCounts[index] = counts[index];
        }

        long found = 0;
        for (long index = 0; index < size; index++)
        {
            long old = inverse[index];
            if (numbers[old] < 0)
            {
                numbers[old] = found;
                firsts[found] = index;
                counts[found] = oldCounts[old];
                found++;
            }

            inverse[index] = numbers[old];
        }
    }
}
