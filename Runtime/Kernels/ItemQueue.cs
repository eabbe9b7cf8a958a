using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Items 0 … count − 1 that threads take one after the other, so that one that is held up leaves its share to the others.</summary>
internal struct ItemQueue(nint count)
{
    private long _taken;

    /// <summary>Takes the next item that nobody has taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out nint item)
    {
        item = (nint)(Interlocked.Increment(ref _taken) - 1);
        return item < count;
    }
}
