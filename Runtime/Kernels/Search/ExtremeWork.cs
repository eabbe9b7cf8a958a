using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The search for the extreme element; an item is one line along the axis.</summary>
internal readonly unsafe struct ExtremeWork<T>(T* data, long size, long inner, bool largest, bool last, long* positions) : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _data = data;
    private readonly long* _positions = positions;

    public void Run(long begin, long end)
    {
        for (long line = begin; line < end; line++)
        {
            T* from = _data + (line / inner * size * inner) + (line % inner);
            T best = *from;
            long position = 0;
            for (long index = 1; index < size; index++)
            {
                T element = from[index * inner];
                if (Order<T>.Precedes(element, best, largest) || (last && !Order<T>.Precedes(best, element, largest)))
                {
                    best = element;
                    position = index;
                }
            }

            _positions[line] = position;
        }
    }
}
