using Cameo.Memory;

namespace Cameo.States;

/// <summary>
/// Moves the filled parts of a cache into pages of 2 MiB, one after the other: decoding reads a long cache whole for every token, and from small pages that is a third slower
/// (<see cref="HugePages"/>). A cache that asked for large pages from the start would take memory for all of its capacity as soon as it holds a token, as a large page is
/// resident as a whole; so a page is made large only once most of it is in use. That copies it once.
/// </summary>
internal unsafe sealed class CachePages
{
    // Smaller caches stay in the second-level cache's reach of addresses.
    private const long MinimumBytes = 2L * HugePages.PageBytes;

    /// <summary>Parts of a page that must hold tokens, of <see cref="Parts"/>: so little memory is taken for what never comes.</summary>
    private const int UsedParts = 3;
    private const int Parts = 4;

    private readonly byte* _first;
    private readonly bool[] _isDone;
    private int _left;

    /// <summary>Pages of a new block.</summary>
    /// <param name="block">First byte.</param>
    /// <param name="bytes">Its size.</param>
    public CachePages(void* block, long bytes)
    {
        nuint begin = ((nuint)block + (HugePages.PageBytes - 1)) & ~(nuint)(HugePages.PageBytes - 1);
        nuint end = ((nuint)block + (nuint)bytes) & ~(nuint)(HugePages.PageBytes - 1);
        _first = (byte*)begin;
        _left = bytes < MinimumBytes || !HugePages.AreAvailable || begin >= end ? 0 : (int)((end - begin) / HugePages.PageBytes);
        _isDone = _left == 0 ? [] : new bool[_left];
    }

    /// <summary>Makes pages large that are in use by now.</summary>
    /// <param name="block">First byte of the cache.</param>
    /// <param name="heads">Heads of all rows of the batch that are in use; the tokens of each stand at its beginning.</param>
    /// <param name="headBytes">Bytes from one head to the next.</param>
    /// <param name="usedBytes">Bytes that tokens take in every head.</param>
    /// <param name="most">Most pages to copy.</param>
    /// <returns>How many were copied.</returns>
    public int MakeLarge(byte* block, long heads, long headBytes, long usedBytes, int most)
    {
        int done = 0;
        for (int page = 0; page < _isDone.Length && _left > 0 && done < most; page++)
        {
            if (_isDone[page])
            {
                continue;
            }

            byte* begin = _first + ((long)page * HugePages.PageBytes);
            if (Used(begin - block, heads, headBytes, usedBytes) * Parts < (long)UsedParts * HugePages.PageBytes)
            {
                continue;
            }

            _isDone[page] = true;
            _left--;
            done++;
            if (!HugePages.TryCollapse(begin))
            {
                // A system that can't does not learn it; or there is no memory in one piece, and looking for it again takes time.
                _left = 0;
            }
        }

        return done;
    }

    /// <summary>Bytes of the page at an offset that hold tokens.</summary>
    private static long Used(long offset, long heads, long headBytes, long usedBytes)
    {
        long used = 0;
        for (long head = offset / headBytes; head < heads && head * headBytes < offset + HugePages.PageBytes; head++)
        {
            long begin = Math.Max(head * headBytes, offset);
            long end = Math.Min((head * headBytes) + usedBytes, offset + HugePages.PageBytes);
            used += Math.Max(0, end - begin);
        }

        return used;
    }
}
