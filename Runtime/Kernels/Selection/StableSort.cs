namespace Cameo.Kernels;

/// <summary>Sorts positions by what a comparer says of them; equal ones keep their order. Allocates nothing.</summary>
internal static unsafe class StableSort
{
    /// <summary>Longer stretches are merged; below, moving elements one by one is faster.</summary>
    private const long InsertionLength = 16;

    /// <summary>Sorts.</summary>
    /// <typeparam name="TOrder">The order.</typeparam>
    /// <param name="positions">The positions.</param>
    /// <param name="scratch">Memory for as many.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="order">Says whether one position comes before another, strictly.</param>
    public static void Run<TOrder>(long* positions, long* scratch, long count, ref TOrder order)
        where TOrder : struct, IPositionOrder
    {
        for (long begin = 0; begin < count; begin += InsertionLength)
        {
            Insert(positions + begin, Math.Min(InsertionLength, count - begin), ref order);
        }

        long* from = positions;
        long* to = scratch;
        for (long width = InsertionLength; width < count; width *= 2)
        {
            for (long begin = 0; begin < count; begin += 2 * width)
            {
                Merge(from, to, begin, Math.Min(begin + width, count), Math.Min(begin + (2 * width), count), ref order);
            }

            long* sorted = to;
            to = from;
            from = sorted;
        }

        if (from != positions)
        {
            Buffer.MemoryCopy(from, positions, count * sizeof(long), count * sizeof(long));
        }
    }

    private static void Insert<TOrder>(long* positions, long count, ref TOrder order)
        where TOrder : struct, IPositionOrder
    {
        for (long index = 1; index < count; index++)
        {
            long position = positions[index];
            long place = index;
            for (; place > 0 && order.Precedes(position, positions[place - 1]); place--)
            {
                positions[place] = positions[place - 1];
            }

            positions[place] = position;
        }
    }

    private static void Merge<TOrder>(long* from, long* to, long begin, long middle, long end, ref TOrder order)
        where TOrder : struct, IPositionOrder
    {
        long left = begin;
        long right = middle;
        for (long index = begin; index < end; index++)
        {
            bool takesRight = left >= middle || (right < end && order.Precedes(from[right], from[left]));
            to[index] = takesRight ? from[right++] : from[left++];
        }
    }
}
