// One file for two assemblies: the compiler places buffers of known size, the runtime those whose sizes follow from a run's shapes.
// Two namespaces, because tests see both assemblies.
#if NETSTANDARD2_0
namespace Cameo.Generator.Memory;
#else
namespace Cameo.Memory;
#endif

/// <summary>
/// Places buffers in one arena so that buffers in use at the same time do not overlap. Greedy: one buffer after the other goes into the
/// smallest gap it fits between those placed before it, once with the largest first and once in order of first use, and the smaller
/// result is kept. Deterministic, and without allocation when the caller brings the work array.
/// </summary>
/// <remarks>
/// Neither order always wins: largest first suits a mixture of sizes, order of first use suits chains of equal ones. The time is
/// quadratic in the number of buffers.
/// </remarks>
public static class ArenaPlacement
{
    /// <summary>Alignment of all offsets in bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    /// <summary>Length of the work array for a number of buffers.</summary>
    /// <param name="count">Number of buffers.</param>
    public static int WorkLength(int count) => 2 * count;

    /// <summary>A size rounded up to the alignment.</summary>
    /// <param name="bytes">The size.</param>
    public static long Align(long bytes) => checked(bytes + (Alignment - 1)) & -Alignment;

    /// <summary>Places the first <paramref name="count"/> buffers of the arrays.</summary>
    /// <param name="count">Number of buffers.</param>
    /// <param name="sizes">Bytes of each buffer; an empty one is placed at 0.</param>
    /// <param name="firstUse">Step that first writes each buffer.</param>
    /// <param name="lastUse">Last step that uses each buffer, not before its first.</param>
    /// <param name="offsets">Receives the offset of each buffer, a multiple of <see cref="Alignment"/>.</param>
    /// <param name="work">At least <see cref="WorkLength"/> elements; undefined afterwards.</param>
    /// <returns>Bytes of the arena, a multiple of <see cref="Alignment"/>.</returns>
    /// <exception cref="ArgumentException">An array is too short, a size is negative, or a last use comes before the first.</exception>
    /// <exception cref="OverflowException">The sizes add up to more than a number holds.</exception>
    public static long Place(int count, long[] sizes, int[] firstUse, int[] lastUse, long[] offsets, int[] work) =>
        Place(count, sizes, firstUse, lastUse, null, null, offsets, work);

    /// <summary>
    /// Places the first <paramref name="count"/> buffers of the arrays. A buffer may be idle for one stretch between its uses and lends its place meanwhile: one that
    /// carries a value from each repetition of a block to the next is in use at the block's beginning and at its end.
    /// </summary>
    /// <param name="count">Number of buffers.</param>
    /// <param name="sizes">Bytes of each buffer; an empty one is placed at 0.</param>
    /// <param name="firstUse">Step that first writes each buffer.</param>
    /// <param name="lastUse">Last step that uses each buffer, not before its first.</param>
    /// <param name="idleFrom">First step at which each buffer holds nothing, after its first use; or <see langword="null"/> where no buffer is ever idle.</param>
    /// <param name="idleTo">Last such step, before the last use; less than the first where the buffer is never idle.</param>
    /// <param name="offsets">Receives the offset of each buffer, a multiple of <see cref="Alignment"/>.</param>
    /// <param name="work">At least <see cref="WorkLength"/> elements; undefined afterwards.</param>
    /// <returns>Bytes of the arena, a multiple of <see cref="Alignment"/>.</returns>
    /// <exception cref="ArgumentException">An array is too short, a size is negative, or a last use comes before the first.</exception>
    /// <exception cref="OverflowException">The sizes add up to more than a number holds.</exception>
    public static long Place(int count, long[] sizes, int[] firstUse, int[] lastUse, int[]? idleFrom, int[]? idleTo, long[] offsets, int[] work)
    {
        Check(count, sizes, firstUse, lastUse, idleFrom, idleTo, offsets, work);
        var uses = new Uses(firstUse, lastUse, idleFrom, idleTo);
        long bySize = Place(count, sizes, uses, offsets, work, largestFirst: true);
        long byUse = Place(count, sizes, uses, offsets, work, largestFirst: false);
        return byUse < bySize ? byUse : Place(count, sizes, uses, offsets, work, largestFirst: true);
    }

    /// <summary>Places all buffers of the arrays.</summary>
    /// <param name="sizes">Bytes of each buffer; an empty one is placed at 0.</param>
    /// <param name="firstUse">Step that first writes each buffer.</param>
    /// <param name="lastUse">Last step that uses each buffer, not before its first.</param>
    /// <param name="total">Bytes of the arena, a multiple of <see cref="Alignment"/>.</param>
    /// <returns>The offset of each buffer, a multiple of <see cref="Alignment"/>.</returns>
    /// <exception cref="ArgumentException">An array is too short, a size is negative, or a last use comes before the first.</exception>
    public static long[] Place(long[] sizes, int[] firstUse, int[] lastUse, out long total)
    {
        var offsets = new long[sizes.Length];
        total = Place(sizes.Length, sizes, firstUse, lastUse, offsets, new int[WorkLength(sizes.Length)]);
        return offsets;
    }

    private static void Check(int count, long[] sizes, int[] firstUse, int[] lastUse, int[]? idleFrom, int[]? idleTo, long[] offsets, int[] work)
    {
        if (count < 0 || sizes.Length < count || firstUse.Length < count || lastUse.Length < count || offsets.Length < count
            || work.Length < WorkLength(count) || idleFrom?.Length < count || idleTo?.Length < count || idleFrom is null != idleTo is null)
        {
            throw new ArgumentException("An array is shorter than the number of buffers asks for.", nameof(count));
        }

        for (int buffer = 0; buffer < count; buffer++)
        {
            if (sizes[buffer] < 0)
            {
                throw new ArgumentException("Buffer " + buffer + " has a negative size.", nameof(sizes));
            }

            if (lastUse[buffer] < firstUse[buffer])
            {
                throw new ArgumentException("Buffer " + buffer + " is last used before its first use.", nameof(lastUse));
            }
        }
    }

    private static long Place(int count, long[] sizes, Uses uses, long[] offsets, int[] work, bool largestFirst)
    {
        // work = [0, count): buffers in the order they are placed; [count, count + placed): placed buffers by offset.
        for (int buffer = 0; buffer < count; buffer++)
        {
            work[buffer] = buffer;
        }

        Sort(count, sizes, uses.First, work, largestFirst);
        long total = 0;
        int placed = 0;
        for (int index = 0; index < count; index++)
        {
            int buffer = work[index];
            long size = Align(sizes[buffer]);
            if (size == 0)
            {
                offsets[buffer] = 0;
                continue;
            }

            long offset = FindGap(buffer, size, uses, sizes, offsets, work, count, placed);
            offsets[buffer] = offset;
            total = Math.Max(total, checked(offset + size));
            Insert(buffer, offsets, work, count, placed++);
        }

        return total;
    }

    /// <summary>The start of the smallest gap that holds the buffer, between the buffers in use at the same time; else the end of the last.</summary>
    private static long FindGap(
        int buffer, long size, Uses uses, long[] sizes, long[] offsets, int[] work, int start, int placed)
    {
        long end = 0;
        long best = -1;
        long bestSize = long.MaxValue;
        for (int index = start; index < start + placed; index++)
        {
            int other = work[index];
            if (!uses.Overlap(buffer, other))
            {
                continue;
            }

            long gap = offsets[other] - end;
            if (gap >= size && gap < bestSize)
            {
                best = end;
                bestSize = gap;
            }

            end = Math.Max(end, offsets[other] + Align(sizes[other]));
        }

        return best >= 0 ? best : end;
    }

    private static void Insert(int buffer, long[] offsets, int[] work, int start, int placed)
    {
        int index = start + placed;
        for (; index > start && offsets[work[index - 1]] > offsets[buffer]; index--)
        {
            work[index] = work[index - 1];
        }

        work[index] = buffer;
    }

    /// <summary>Heap sort: in place, without a comparer object, and the same on every platform because no two buffers compare equal.</summary>
    private static void Sort(int count, long[] sizes, int[] firstUse, int[] order, bool largestFirst)
    {
        for (int root = (count / 2) - 1; root >= 0; root--)
        {
            SiftDown(root, count, sizes, firstUse, order, largestFirst);
        }

        for (int end = count - 1; end > 0; end--)
        {
            (order[0], order[end]) = (order[end], order[0]);
            SiftDown(0, end, sizes, firstUse, order, largestFirst);
        }
    }

    private static void SiftDown(int root, int end, long[] sizes, int[] firstUse, int[] order, bool largestFirst)
    {
        while (true)
        {
            int child = (2 * root) + 1;
            if (child >= end)
            {
                return;
            }

            if (child + 1 < end && IsBefore(order[child], order[child + 1], sizes, firstUse, largestFirst))
            {
                child++;
            }

            if (!IsBefore(order[root], order[child], sizes, firstUse, largestFirst))
            {
                return;
            }

            (order[root], order[child]) = (order[child], order[root]);
            root = child;
        }
    }

    private static bool IsBefore(int left, int right, long[] sizes, int[] firstUse, bool largestFirst)
    {
        bool sameSize = sizes[left] == sizes[right];
        bool sameUse = firstUse[left] == firstUse[right];
        if (largestFirst ? !sameSize : sameUse && !sameSize)
        {
            return sizes[left] > sizes[right];
        }

        return sameUse ? left < right : firstUse[left] < firstUse[right];
    }

    /// <summary>When buffers are in use.</summary>
    private readonly struct Uses
    {
        private readonly int[] _last;
        private readonly int[]? _idleFrom;
        private readonly int[]? _idleTo;

        public Uses(int[] first, int[] last, int[]? idleFrom, int[]? idleTo)
        {
            First = first;
            _last = last;
            _idleFrom = idleFrom;
            _idleTo = idleTo;
        }

        public int[] First { get; }

        /// <summary>Whether two buffers are ever in use at the same step.</summary>
        public bool Overlap(int left, int right)
        {
            if (_last[left] < First[right] || First[left] > _last[right])
            {
                return false;
            }

            bool leftIdles = Idles(left);
            bool rightIdles = Idles(right);
            if (!leftIdles && !rightIdles)
            {
                return true;
            }

            // Each is in use before and after its idle time.
            int leftEnd = leftIdles ? _idleFrom![left] - 1 : _last[left];
            int rightEnd = rightIdles ? _idleFrom![right] - 1 : _last[right];
            int leftAgain = leftIdles ? _idleTo![left] + 1 : int.MaxValue;
            int rightAgain = rightIdles ? _idleTo![right] + 1 : int.MaxValue;
            return (First[left] <= rightEnd && First[right] <= leftEnd)
                || (First[left] <= _last[right] && rightAgain <= leftEnd)
                || (leftAgain <= rightEnd && First[right] <= _last[left])
                || (leftIdles && rightIdles && leftAgain <= _last[right] && rightAgain <= _last[left]);
        }

        private bool Idles(int buffer) => _idleFrom is not null && _idleFrom[buffer] <= _idleTo![buffer];
    }
}
