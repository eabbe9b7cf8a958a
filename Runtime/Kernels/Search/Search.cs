using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Searches along one axis of a dense tensor, seen as [outer, size, inner].</summary>
public static unsafe class Search
{
    /// <summary>The position of the largest or smallest element along the axis; not a number counts as the most extreme.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis, at least 1.</param>
    /// <param name="inner">Product of the sizes behind it.</param>
    /// <param name="largest">Whether the largest is searched.</param>
    /// <param name="last">Whether the last of equal elements counts, not the first.</param>
    /// <param name="positions">Receives [outer, inner] positions.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">The axis is empty.</exception>
    public static void Extreme<T>(Workers workers, T* data, long outer, long size, long inner, bool largest, bool last, long* positions, string node)
        where T : unmanaged, INumber<T>
    {
        if (size < 1 && outer * inner > 0)
        {
            throw new DimensionOutOfBoundsException($"axis searched by {node}", size, 1, long.MaxValue, "");
        }

        var work = new ExtremeWork<T>(data, size, inner, largest, last, positions);
        MoveParts.Run(workers, ref work, outer * inner, size * sizeof(T) * 4);
    }

    /// <summary>The <paramref name="count"/> largest or smallest elements along the axis with their positions, in order, the first position first among equals.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="inner">Product of the sizes behind it.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="largest">Whether the largest are wanted.</param>
    /// <param name="values">Receives [outer, count, inner] elements.</param>
    /// <param name="positions">Receives their positions.</param>
    /// <param name="scratch">Scratch memory of outer · inner · size positions.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">More elements are wanted than there are.</exception>
    public static void Top<T>(Workers workers, T* data, long outer, long size, long inner, long count, bool largest, T* values, long* positions, long* scratch, string node)
        where T : unmanaged, INumber<T>
    {
        if (count < 0 || count > size)
        {
            throw new DimensionOutOfBoundsException($"elements wanted by {node}", count, 0, size, "");
        }

        var work = new TopWork<T>(data, size, inner, count, largest, values, positions, scratch);
        MoveParts.Run(workers, ref work, outer * inner, size * sizeof(T) * 32);
    }

    /// <summary>Sums from one end of the axis to each element.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="inner">Product of the sizes behind it.</param>
    /// <param name="reverse">Whether sums begin at the end.</param>
    /// <param name="exclusive">Whether an element is not part of its own sum.</param>
    /// <param name="sums">Receives the sums, with the shape of the data.</param>
    public static void CumulativeSum<T>(Workers workers, T* data, long outer, long size, long inner, bool reverse, bool exclusive, T* sums)
        where T : unmanaged, INumber<T> => Cumulate(workers, data, outer, size, inner, product: false, reverse, exclusive, sums);

    /// <summary>Products from one end of the axis to each element.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="data">The data.</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="inner">Product of the sizes behind it.</param>
    /// <param name="reverse">Whether products begin at the end.</param>
    /// <param name="exclusive">Whether an element is not part of its own product.</param>
    /// <param name="products">Receives the products, with the shape of the data.</param>
    public static void CumulativeProduct<T>(Workers workers, T* data, long outer, long size, long inner, bool reverse, bool exclusive, T* products)
        where T : unmanaged, INumber<T> => Cumulate(workers, data, outer, size, inner, product: true, reverse, exclusive, products);

    private static void Cumulate<T>(Workers workers, T* data, long outer, long size, long inner, bool product, bool reverse, bool exclusive, T* results)
        where T : unmanaged, INumber<T>
    {
        var work = new CumulativeWork<T>(data, size, inner, product, reverse, exclusive, results);
        MoveParts.Run(workers, ref work, outer * inner, size * sizeof(T) * 4);
    }
}
