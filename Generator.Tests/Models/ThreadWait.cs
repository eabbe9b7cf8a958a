namespace Cameo.Tests.Models;

/// <summary>The .NET runtime allocates when a thread blocks for the first time: what it needs to be woken. Measurements of a model's own allocations do that before.</summary>
internal static class ThreadWait
{
    private const int Milliseconds = 30;

    /// <summary>Makes the calling thread block once on each kind of wait that a run may end in.</summary>
    public static void WaitOnce()
    {
        using var wake = new AutoResetEvent(false);
        using var timer = new Timer(_ => wake.Set(), null, Milliseconds, Timeout.Infinite);
        wake.WaitOne();
        lock (wake)
        {
            Monitor.Wait(wake, 1);
        }
    }
}
