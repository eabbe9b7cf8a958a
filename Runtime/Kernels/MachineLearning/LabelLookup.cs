using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Tables that translate labels.</summary>
public static unsafe class LabelLookup
{
    /// <summary>Translates each element; what the table does not have becomes <paramref name="missing"/>.</summary>
    /// <typeparam name="TKey">Type of the elements.</typeparam>
    /// <typeparam name="TValue">Type of the results.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The elements.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="keys">The table's keys, ascending, each once; what is no number stands last.</param>
    /// <param name="values">The value of each key.</param>
    /// <param name="size">How many keys there are.</param>
    /// <param name="missing">What stands for other elements.</param>
    /// <param name="results">Receives the values.</param>
    public static void Translate<TKey, TValue>(Workers workers, TKey* data, long count, TKey* keys, TValue* values, long size, TValue missing, TValue* results)
        where TKey : unmanaged, INumber<TKey>
        where TValue : unmanaged
    {
        var work = new LabelWork<TKey, TValue>(data, keys, values, size, missing, results);
        MoveParts.Run(workers, ref work, count, 64);
    }

    /// <summary>Sets the place of each element's category to 1 and all others to 0. Fractions do not count; what is no number has no category.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="data">The elements.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="keys">The categories, ascending, each once.</param>
    /// <param name="places">The place of each category.</param>
    /// <param name="size">How many keys there are.</param>
    /// <param name="width">How many places an element has in the result.</param>
    /// <param name="allowUnknown">Whether elements of no category are all 0; else they are an error.</param>
    /// <param name="results">Receives [count, width] numbers.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="ArgumentException">An element has no category.</exception>
    public static void OneHot<T>(T* data, long count, long* keys, long* places, long size, long width, bool allowUnknown, float* results, string node)
        where T : unmanaged, INumber<T>
    {
        for (long index = 0; index < count; index++)
        {
            var row = new Span<float>(results + (index * width), checked((int)width));
            row.Clear();
            long found = T.IsNaN(data[index]) ? -1 : Find(keys, size, long.CreateSaturating(data[index]));
            if (found >= 0)
            {
                row[(int)places[found]] = 1;
            }
            else if (!allowUnknown)
            {
                throw new ArgumentException($"{node}: element {index} is none of the {size} categories.");
            }
        }
    }

    /// <summary>The place of a key in an ascending list, or -1; what is no number is found at its end.</summary>
    internal static long Find<TKey>(TKey* keys, long size, TKey key)
        where TKey : unmanaged, INumber<TKey>
    {
        if (TKey.IsNaN(key))
        {
            return size > 0 && TKey.IsNaN(keys[size - 1]) ? size - 1 : -1;
        }

        long low = 0, high = size;
        while (low < high)
        {
            long middle = (low + high) >>> 1;
            if (keys[middle] < key)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < size && keys[low] == key ? low : -1;
    }
}
