namespace Cameo.Tests.Infrastructure;

/// <summary>Measures what code allocates on the managed heap of the calling thread.</summary>
internal static class ThreadAllocations
{
    /// <summary>The size of the blocks from which the runtime's threads allocate.</summary>
    private const long Block = 8192;

    private const int Attempts = 10;

    /// <summary>The bytes that a run of the action allocates.</summary>
    /// <param name="action">What is measured.</param>
    /// <param name="prepare">What comes before each attempt and is not measured.</param>
    /// <remarks>
    /// A collection, which any other thread may cause, takes from each thread the rest of the block it allocates from and counts that rest as allocated: less than
    /// a block that nobody allocated. So what looks like that is measured again; code that allocates does so each time.
    /// </remarks>
    public static long Measure(Action action, Action? prepare = null)
    {
        long allocated = 0;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            prepare?.Invoke();
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated is 0 or >= Block)
            {
                break;
            }
        }

        return allocated;
    }
}
