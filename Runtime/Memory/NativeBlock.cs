using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cameo.Memory;

/// <summary>
/// A block of memory outside the collected heap that begins at a large page; freed by disposal or by the finalizer. On Linux its end may be part of a file: pages that are read from there
/// when they are needed, at addresses that go on from those of the rest.
/// </summary>
internal sealed unsafe partial class NativeBlock : SafeHandle
{
    // The same on every Linux that .NET runs on.
    private const int ProtectRead = 1;
    private const int ProtectReadWrite = 3;
    private const int MapPrivate = 2;
    private const int MapFixed = 0x10;
    private const int MapAnonymous = 0x20;

    /// <summary>First byte and length of what was mapped; null where the memory is the allocator's.</summary>
    private nint _mapping;
    private nuint _mappingBytes;

    /// <summary>Allocates a block; its content is undefined.</summary>
    /// <param name="bytes">Its size, more than 0.</param>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public NativeBlock(long bytes)
        : base(0, ownsHandle: true) => Allocate(bytes);

    /// <summary>Allocates a block that holds the end of a file where the system can do that. The content of the rest, <see cref="OwnBytes"/>, is undefined.</summary>
    /// <param name="bytes">Its size, more than 0: the file's length.</param>
    /// <param name="file">The file; it may be closed afterwards.</param>
    /// <param name="mappedFrom">Offset from which on the file may stay where it is.</param>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public NativeBlock(long bytes, SafeFileHandle file, long mappedFrom)
        : base(0, ownsHandle: true)
    {
        long pageBytes = Environment.SystemPageSize;
        long ownBytes = (mappedFrom + pageBytes - 1) / pageBytes * pageBytes;
        if (ownBytes >= bytes || !OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !TryMap(bytes, file, ownBytes))
        {
            Allocate(bytes);
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>First byte.</summary>
    public byte* Pointer => (byte*)handle;

    /// <summary>Bytes from the start that can be written; what follows is the file's.</summary>
    public long OwnBytes { get; private set; }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (_mapping != 0)
        {
            return Unmap((void*)_mapping, _mappingBytes) == 0;
        }

        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    private void Allocate(long bytes)
    {
        SetHandle((nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), HugePages.PageBytes));
        HugePages.Advise(Pointer, bytes);
        OwnBytes = bytes;
    }

    /// <summary>Reserves addresses for all, then lays the file over their end.</summary>
    private bool TryMap(long bytes, SafeFileHandle file, long ownBytes)
    {
        var reserved = (nuint)(bytes + HugePages.PageBytes);
        nint mapping = Map(null, reserved, ProtectReadWrite, MapPrivate | MapAnonymous, -1, 0);
        if (mapping == -1)
        {
            return false;
        }

        nint start = (mapping + HugePages.PageBytes - 1) & ~(nint)(HugePages.PageBytes - 1);
        bool isHeld = false;
        nint end = -1;
        try
        {
            file.DangerousAddRef(ref isHeld);
            end = Map((byte*)start + ownBytes, (nuint)(bytes - ownBytes), ProtectRead, MapPrivate | MapFixed, (int)file.DangerousGetHandle(), ownBytes);
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }

        if (end == -1)
        {
            _ = Unmap((void*)mapping, reserved);
            return false;
        }

        HugePages.Advise((void*)start, ownBytes);
        (_mapping, _mappingBytes) = (mapping, reserved);
        OwnBytes = ownBytes;
        SetHandle(start);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(void* start, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* start, nuint bytes);
}
