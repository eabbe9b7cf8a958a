using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Sums along an axis; an item is one line.</summary>
internal readonly unsafe struct CumulativeSumWork<T>(T* data, long size, long inner, bool reverse, bool exclusive, T* sums) : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _data = data;
    private readonly T* _sums = sums;

    public void Run(long begin, long end)
    {
        for (long line = begin; line < end; line++)
        {
            long start = (line / inner * size * inner) + (line % inner);
            T sum = T.Zero;
            for (long index = 0; index < size; index++)
            {
                long element = start + ((reverse ? size - 1 - index : index) * inner);
                T before = sum;
                sum = unchecked(sum + _data[element]);
                _sums[element] = exclusive ? before : sum;
            }
        }
    }
}
