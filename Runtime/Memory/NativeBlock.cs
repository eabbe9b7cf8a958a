using System.Runtime.InteropServices;

namespace Cameo.Memory;

/// <summary>A block of memory outside the collected heap that begins at a large page; freed by disposal or by the finalizer.</summary>
internal sealed unsafe class NativeBlock : SafeHandle
{
    /// <summary>Allocates a block; its content is undefined.</summary>
    /// <param name="bytes">Its size, more than 0.</param>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public NativeBlock(long bytes)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), HugePages.PageBytes));
        HugePages.Advise(Pointer, bytes);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>First byte.</summary>
    public byte* Pointer => (byte*)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
