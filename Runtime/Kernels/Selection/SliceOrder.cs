using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// The order of slices of a tensor seen as [outer, size, inner]: element by element, the outer ones first. Not a number comes last and equals itself, as in NumPy's unique.
/// </summary>
internal readonly unsafe struct SliceOrder<T>(T* data, long outer, long size, long inner) : IPositionOrder
    where T : unmanaged, INumber<T>
{
    private readonly T* _data = data;

    public bool Precedes(long left, long right) => Compare(left, right) < 0;

    public int Compare(long left, long right)
    {
        for (long part = 0; part < outer; part++)
        {
            T* a = _data + (((part * size) + left) * inner);
            T* b = _data + (((part * size) + right) * inner);
            for (long index = 0; index < inner; index++)
            {
                if (a[index] == b[index])
                {
                    continue;
                }

                int order = a[index] < b[index] ? -1 : a[index] > b[index] ? 1 : T.IsNaN(a[index]).CompareTo(T.IsNaN(b[index]));
                if (order != 0)
                {
                    return order;
                }
            }
        }

        return 0;
    }
}
