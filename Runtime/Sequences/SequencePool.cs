using System.Numerics;

namespace Cameo.Sequences;

/// <summary>
/// Memory of the tensors in a session's sequences. Blocks have sizes of powers of two, so that one that fits is found at once, and are handed out again when no sequence holds their tensor:
/// runs of the same sizes allocate nothing after the first ones.
/// </summary>
public sealed class SequencePool
{
    // A smaller block would cost as much: memory is aligned to cache lines.
    private const int SmallestClass = 6;

    private readonly Stack<SequenceItem>?[] _free = new Stack<SequenceItem>?[64];

    /// <summary>Bytes of all blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>A tensor of at least so many bytes whose content is undefined.</summary>
    internal SequenceItem Rent(long bytes)
    {
        int sizeClass = Math.Max(SmallestClass, bytes <= 1 ? 0 : BitOperations.Log2((ulong)(bytes - 1)) + 1);
        if (_free[sizeClass] is { Count: > 0 } free)
        {
            return free.Pop();
        }

        long size = 1L << sizeClass;
        Bytes += size;
        return new SequenceItem(sizeClass, size);
    }

    /// <summary>States that one sequence less holds a tensor.</summary>
    internal void Release(SequenceItem item)
    {
        if (--item.References == 0)
        {
            (_free[item.SizeClass] ??= new Stack<SequenceItem>()).Push(item);
        }
    }
}
