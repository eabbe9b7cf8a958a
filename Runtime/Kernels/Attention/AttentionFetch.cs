using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rows of memory that are read in order, and the rows that are read after the last of them. While one is read, every fourth line of what lies a page
/// further in this order is asked for: the processor's own fetching does the rest, but stops at the end of a page and knows nothing of jumps.
/// </summary>
internal readonly unsafe struct AttentionFetch
{
    // Bytes between what is read and what is asked for. Plain sums from memory with as much arithmetic as four queries need, in GB/s: every other line 4 KiB
    // ahead 25, nothing 23, every line 19 (requests then wait for each other), every line 8 KiB ahead 21, all lines of what is read after this 19. In the
    // kernel itself every fourth line was best.
    private const nint LeadBytes = 4096;
    private const nint LineStep = 4 * Prefetch.LineBytes;

    private readonly byte* _rows;
    private readonly byte* _next;
    private readonly nint _stride;
    private readonly nint _nextStride;
    private readonly nint _size;
    private readonly nint _nextSize;
    private readonly nint _end;
    private readonly nint _lead;

    /// <summary>Describes what is read.</summary>
    /// <param name="rows">First row.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="size">Bytes of a row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="next">First row after them; null if nothing is known.</param>
    /// <param name="nextStride">Bytes from one of those to the next.</param>
    /// <param name="nextSize">Bytes of one of those.</param>
    public AttentionFetch(void* rows, nint stride, nint size, nint count, void* next, nint nextStride, nint nextSize)
    {
        _lead = Math.Max(LeadBytes / Math.Max(size, 1), 1);
        _rows = (byte*)rows + (_lead * stride);
        _next = (byte*)next + ((_lead - count) * nextStride);
        _stride = stride;
        _nextStride = nextStride;
        _size = size;
        _nextSize = next == null ? 0 : nextSize;
        _end = count - _lead;
    }

    /// <summary>To be called before the rows [begin, begin + count) are read. Asking never faults, wherever the address leads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Rows(nint begin, nint count)
    {
        if (_stride == 0)
        {
            return;
        }

        for (nint row = begin; row < begin + count; row++)
        {
            bool isNext = row >= _end;
            byte* data = isNext ? _next + (row * _nextStride) : _rows + (row * _stride);
            nint size = isNext ? _nextSize : _size;
            for (nint offset = 0; offset < size; offset += LineStep)
            {
                Prefetch.ToSecondLevel(data + offset);
            }
        }
    }
}
