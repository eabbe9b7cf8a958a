using System.Runtime.CompilerServices;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Shares moves out among threads.</summary>
internal static unsafe class MoveParts
{
    /// <summary>Least bytes a thread moves: some 128 KiB take about 5 µs from cache, what waking a worker costs; one core copies from memory nearly as
    /// fast as all, so small moves stay on their thread.</summary>
    public const long MinimumBytesPerThread = 128 * 1024;

    /// <summary>Runs all items, on several threads where there is enough to move.</summary>
    public static void Run<TWork>(Workers workers, ref TWork work, long items, long bytesPerItem)
        where TWork : struct, IMoveWork
    {
        if (items <= 0)
        {
            return;
        }

        long parts = Math.Min(Math.Min(workers.Count, items), (long)((double)items * Math.Max(1, bytesPerItem) / MinimumBytesPerThread));
        if (parts <= 1)
        {
            work.Run(0, items);
            return;
        }

        var parallel = new ParallelMove<TWork>(work, items);
        workers.Run(ref parallel, (int)parts);
    }

    /// <summary>Copies bytes; small sizes that are a power of two without a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(byte* from, byte* to, long bytes)
    {
        switch (bytes)
        {
            case 1:
                *to = *from;
                break;
            case 2:
                *(ushort*)to = *(ushort*)from;
                break;
            case 4:
                *(uint*)to = *(uint*)from;
                break;
            case 8:
                *(ulong*)to = *(ulong*)from;
                break;
            default:
                Buffer.MemoryCopy(from, to, bytes, bytes);
                break;
        }
    }

    private struct ParallelMove<TWork>(TWork work, long items) : IParallelWork
        where TWork : struct, IMoveWork
    {
        private TWork _work = work;

        public void Run(int part, int parts) => _work.Run(items * part / parts, items * (part + 1) / parts);
    }
}
