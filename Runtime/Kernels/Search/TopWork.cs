using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// The search for several elements; an item is one line along the axis. The best so far are a heap whose root is the last of them, so that most elements of a long line are compared with that one
/// only; in the end the heap is taken apart in order. Nothing is allocated, which <see cref="MemoryExtensions.Sort{T}(Span{T}, Comparison{T})"/> and its kin would do.
/// </summary>
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
            long* best = _scratch + (line * size);
            Select(from, best);
            long to = (line / inner * count * inner) + (line % inner);
            for (long index = 0; index < count; index++)
            {
                _positions[to + (index * inner)] = best[index];
                _values[to + (index * inner)] = from[best[index] * inner];
            }
        }
    }

    private void Select(T* from, long* best)
    {
        if (count == 0)
        {
            return;
        }

        for (long index = 0; index < count; index++)
        {
            best[index] = index;
        }

        for (long root = (count / 2) - 1; root >= 0; root--)
        {
            Sift(from, best, root, count);
        }

        for (long index = count; index < size; index++)
        {
            if (Precedes(from, index, best[0]))
            {
                best[0] = index;
                Sift(from, best, 0, count);
            }
        }

        for (long last = count - 1; last > 0; last--)
        {
            (best[0], best[last]) = (best[last], best[0]);
            Sift(from, best, 0, last);
        }
    }

    /// <summary>Lets a position sink until none below it comes later in the order.</summary>
    private void Sift(T* from, long* heap, long place, long length)
    {
        long position = heap[place];
        for (long child = (2 * place) + 1; child < length; child = (2 * place) + 1)
        {
            if (child + 1 < length && Precedes(from, heap[child], heap[child + 1]))
            {
                child++;
            }

            if (!Precedes(from, position, heap[child]))
            {
                break;
            }

            heap[place] = heap[child];
            place = child;
        }

        heap[place] = position;
    }

    /// <summary>Compares positions by what lies there, and equal ones by themselves, so that the order is total.</summary>
    private bool Precedes(T* from, long left, long right)
    {
        T a = from[left * inner];
        T b = from[right * inner];
        return Order<T>.Precedes(a, b, largest) || (!Order<T>.Precedes(b, a, largest) && left < right);
    }
}
