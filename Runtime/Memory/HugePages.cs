using System.Runtime.InteropServices;

namespace Cameo.Memory;

/// <summary>
/// Asks Linux to hold large blocks of memory in pages of 2 MiB. With pages of 4 KiB the processor looks up an address every 64 lines and fetches nothing ahead across their borders: one
/// thread read 640 MiB at 21 GB/s from small pages and at 30 GB/s from large ones. Most systems give large pages to those who ask only (<c>transparent_hugepage</c> is <c>madvise</c>).
/// Elsewhere than on Linux nothing is done.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Bytes of a large page.</summary>
    public const int PageBytes = 2 << 20;

    // Only whole large pages inside a block count, and a few of them make no difference.
    private const long MinimumBytes = 4L * PageBytes;

    private const int AdviseNotNeeded = 4;
    private const int AdviseHugePage = 14;
    private const int AdviseCollapse = 25;

    private const string Setting = "/sys/kernel/mm/transparent_hugepage/enabled";

    /// <summary>Whether the system gives large pages to who asks.</summary>
    public static bool AreAvailable { get; } = OperatingSystem.IsLinux() && ReadSetting();

    /// <summary>Asks for large pages where a block is large. Pages that were touched already stay as they are.</summary>
    /// <param name="block">First byte.</param>
    /// <param name="bytes">Size.</param>
    public static void Advise(void* block, long bytes)
    {
        if (bytes < MinimumBytes || !AreAvailable)
        {
            return;
        }

        nuint begin = ((nuint)block + (PageBytes - 1)) & ~(nuint)(PageBytes - 1);
        nuint end = ((nuint)block + (nuint)bytes) & ~(nuint)(PageBytes - 1);
        if (begin < end)
        {
            // Refused, for instance in a sandbox: then pages are small.
            _ = Advise((void*)begin, end - begin, AdviseHugePage);
        }
    }

    /// <summary>
    /// Moves 2 MiB that are in use already into one large page at once (Linux 6.1 or later). The content stays as it is, other threads may go on using it.
    /// </summary>
    /// <param name="page">First byte, at a multiple of <see cref="PageBytes"/>.</param>
    /// <returns>Whether the system did.</returns>
    public static bool TryCollapse(void* page) => AreAvailable && Advise(page, PageBytes, AdviseCollapse) == 0;

    /// <summary>Gives the memory of a mapped file's pages back to Linux, which reads them again from the file when they are needed.</summary>
    /// <param name="start">First byte of the mapping or of a part of it.</param>
    /// <param name="bytes">Size.</param>
    public static void DropMapped(byte* start, long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        nuint pageBytes = (nuint)Environment.SystemPageSize;
        nuint begin = ((nuint)start + (pageBytes - 1)) & ~(pageBytes - 1);
        nuint end = ((nuint)start + (nuint)bytes) & ~(pageBytes - 1);
        if (begin < end)
        {
            _ = Advise((void*)begin, end - begin, AdviseNotNeeded);
        }
    }

    private static bool ReadSetting()
    {
        try
        {
            string text = File.ReadAllText(Setting);
            return text.Contains("[madvise]", StringComparison.Ordinal) || text.Contains("[always]", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
