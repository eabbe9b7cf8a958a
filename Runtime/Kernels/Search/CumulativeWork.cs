using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Sums or products along an axis; an item is one line.</summary>
internal readonly unsafe struct CumulativeWork<T>(T* data, long size, long inner, bool product, bool reverse, bool exclusive, T* results) : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _data = data;
    private readonly T* _results = results;

    public void Run(long begin, long end)
    {
        for (long line = begin; line < end; line++)
        {
            long start = (line / inner * size * inner) + (line % inner);
            T total = product ? T.One : T.Zero;
            for (long index = 0; index < size; index++)
            {
                long element = start + ((reverse ? size - 1 - index : index) * inner);
                T before = total;
                total = unchecked(product ? total * _data[element] : total + _data[element]);
                _results[element] = exclusive ? before : total;
            }
        }
    }
}
