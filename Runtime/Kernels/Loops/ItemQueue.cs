using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cameo.Kernels;

/// <summary>
/// Items 0 … count − 1 that threads take one after the other. Each part of a run begins with a range of its own, the same in every run, so that a processor finds what it read or wrote
/// the last time in its own cache; then it takes what other parts have left, so that a thread that is held up leaves its share to the others.
/// </summary>
/// <param name="count">Number of items.</param>
/// <param name="parts">Parts of the run.</param>
internal struct ItemQueue(nint count, int parts)
{
    // More parts than that share ranges.
    private const int MaximumRanges = 8;

    private readonly int _ranges = Math.Clamp(parts, 1, MaximumRanges);
    private Counters _taken;

    /// <summary>Takes an item that nobody has taken, of the part's own range as long as there is one.</summary>
    /// <param name="part">The part that asks.</param>
    /// <param name="item">The item, where there is one.</param>
    public bool TryTake(int part, out nint item)
    {
        int first = part % _ranges;
        for (int offset = 0; offset < _ranges; offset++)
        {
            int range = first + offset < _ranges ? first + offset : first + offset - _ranges;
            nint begin = count * range / _ranges;
            nint end = count * (range + 1) / _ranges;

            // The look before the increment keeps counters from overflowing and leaves the lines of empty ranges shared.
            ref long taken = ref _taken[range].Value;
            if (Volatile.Read(ref taken) < end - begin)
            {
                item = begin + (nint)(Interlocked.Increment(ref taken) - 1);
                if (item < end)
                {
                    return true;
                }
            }
        }

        item = count;
        return false;
    }

    /// <summary>How many items of a range are taken, alone on its cache line.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Counter
    {
        public long Value;
    }

    [InlineArray(MaximumRanges)]
    private struct Counters
    {
        private Counter _first;
    }
}
