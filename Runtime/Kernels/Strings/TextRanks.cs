using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Replaces texts by numbers in the same order.</summary>
public static unsafe class TextRanks
{
    private const char FirstSurrogate = '\uD800';
    private const char LastSurrogate = '\uDFFF';

    /// <summary>The rank of each element among the different texts of a tensor.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="handles">The tensor.</param>
    /// <param name="count">Its elements.</param>
    /// <param name="ranks">Receives a number for each.</param>
    /// <param name="scratch">Memory for 2 · <paramref name="count"/> numbers.</param>
    public static void Run(SessionTexts texts, long* handles, long count, long* ranks, long* scratch)
    {
        for (long index = 0; index < count; index++)
        {
            scratch[index] = index;
        }

        var order = new TextOrder(texts, handles);
        StableSort.Run(scratch, scratch + count, count, ref order);
        long rank = 0;
        for (long index = 0; index < count; index++)
        {
            rank += index > 0 && handles[scratch[index]] != handles[scratch[index - 1]] ? 1 : 0;
            ranks[scratch[index]] = rank;
        }
    }

    /// <summary>Compares texts by their code points, which is the order of their bytes in UTF-8. Code units of UTF-16 are in another one: pairs stand for what is beyond all single ones.</summary>
    internal static int Compare(string left, string right)
    {
        int length = Math.Min(left.Length, right.Length);
        int place = left.AsSpan(0, length).CommonPrefixLength(right.AsSpan(0, length));
        return place == length ? left.Length.CompareTo(right.Length) : Weight(left[place]).CompareTo(Weight(right[place]));
    }

    private static int Weight(char unit) => unit is >= FirstSurrogate and <= LastSurrogate ? unit + char.MaxValue : unit;

    private readonly struct TextOrder(SessionTexts texts, long* handles) : IPositionOrder
    {
        private readonly long* _handles = handles;

        public bool Precedes(long left, long right) => _handles[left] != _handles[right] && Compare(texts[_handles[left]], texts[_handles[right]]) < 0;
    }
}
