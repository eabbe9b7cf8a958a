using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The search for several elements; an item is one line along the axis, whose positions are sorted.</summary>
internal readonly unsafe struct TopWork<T>(T* data, long size, long inner, long count, bool largest, T* values, long* positions, long* scratch) : IMoveWork
    where T : unmanaged, INumber<T>
{
    private readonly T* _data = data;
    private readonly T* _values = values;
    private readonly long* _positions = positions;
    private readonly long* _scratch = scratch;

    public void Run(long begin, long end)
    {
        for (long line = begin; line < end; line++)
        {
            T* from = _data + (line / inner * size * inner) + (line % inner);
            var order = new Span<long>(_scratch + (line * size), checked((int)size));
            for (int index = 0; index < order.Length; index++)
            {
                order[index] = index;
            }

            order.Sort(new Comparer(from, inner, largest));
            long to = (line / inner * count * inner) + (line % inner);
            for (int index = 0; index < count; index++)
            {
                _positions[to + (index * inner)] = order[index];
                _values[to + (index * inner)] = from[order[index] * inner];
            }
        }
    }

    /// <summary>Compares positions by what lies there, and equal ones by themselves, so that the order is total.</summary>
    private readonly struct Comparer(T* from, long stride, bool largest) : IComparer<long>
    {
        private readonly T* _from = from;

        public int Compare(long left, long right)
        {
            T a = _from[left * stride];
            T b = _from[right * stride];
            return Order<T>.Precedes(a, b, largest) ? -1 : Order<T>.Precedes(b, a, largest) ? 1 : left.CompareTo(right);
        }
    }
}
