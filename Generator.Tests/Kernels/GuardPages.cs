using System.Runtime.InteropServices;

namespace Cameo.Tests.Kernels;

/// <summary>Linux memory mapping, for pages that kill whoever touches them.</summary>
internal static unsafe class GuardPages
{
    [DllImport("libc", EntryPoint = "mmap")]
    public static extern byte* Map(byte* address, nint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    public static extern int Protect(byte* address, nint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    public static extern int Unmap(byte* address, nint length);
}
