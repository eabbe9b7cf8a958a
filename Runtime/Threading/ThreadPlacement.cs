using System.Runtime.InteropServices;

namespace Cameo.Threading;

/// <summary>
/// Keeps a worker off the processor that its caller runs on. Linux wakes a thread on the processor of who wakes it, in the hope that they share caches and that the waker
/// will sleep soon. Here the waker goes on to work, and two threads that both have work are left on one processor for a tenth of a second while another one is idle.
/// So a worker's affinity is the process's without its caller's processor. Elsewhere than on Linux nothing is done.
/// </summary>
internal static unsafe partial class ThreadPlacement
{
    // Linux's cpu_set_t: 1,024 processors, a bit each.
    private const int SetBytes = 128;

    /// <summary>Whether threads can be placed: on Linux with at least two processors to choose from.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && Environment.ProcessorCount > 1 && IsKnownToSystem();

    /// <summary>The number by which the system knows the calling thread.</summary>
    public static int CurrentThread() => GetThreadId();

    /// <summary>The processor that the calling thread runs on at the moment, or less than 0.</summary>
    public static int CurrentProcessor() => GetProcessor();

    /// <summary>Allows a thread all processors that the process may use but one; leaves it alone where that would be none.</summary>
    /// <param name="thread">The thread, of this process.</param>
    /// <param name="processor">The processor to keep off.</param>
    public static void KeepOff(int thread, int processor)
    {
        // The process's first thread tells what the process may use: nobody but the user changes its affinity.
        ulong* allowed = stackalloc ulong[SetBytes / sizeof(ulong)];
        if ((uint)processor >= SetBytes * 8 || GetAffinity(Environment.ProcessId, SetBytes, allowed) < 0)
        {
            return;
        }

        allowed[processor / 64] &= ~(1UL << (processor % 64));
        if (new ReadOnlySpan<ulong>(allowed, SetBytes / sizeof(ulong)).ContainsAnyExcept(0UL))
        {
            // Refused, for instance in a sandbox: then the system places the thread as it likes.
            _ = SetAffinity(thread, SetBytes, allowed);
        }
    }

    private static bool IsKnownToSystem()
    {
        try
        {
            ulong* allowed = stackalloc ulong[SetBytes / sizeof(ulong)];
            return GetThreadId() > 0 && GetProcessor() >= 0 && GetAffinity(0, SetBytes, allowed) >= 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library without gettid: glibc before 2.30.
            return false;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetThreadId();

    // Reads a word that the kernel keeps up to date for each thread, so no change of the collector's mode is worth its time.
    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressGCTransition]
    private static partial int GetProcessor();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetAffinity(int thread, nuint bytes, ulong* set);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetAffinity(int thread, nuint bytes, ulong* set);
}
