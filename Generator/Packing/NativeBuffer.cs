using System.Runtime.InteropServices;

namespace Cameo.Generator.Packing;

/// <summary>Memory outside the managed heap: tensors may be larger than arrays can be, and must not stay in the build process once they are packed.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private readonly bool _isBorrowed;

    public NativeBuffer(long bytes)
    {
        Bytes = bytes;
        Pointer = (byte*)Marshal.AllocHGlobal((IntPtr)Math.Max(1, bytes));
        GC.AddMemoryPressure(Math.Max(1, bytes));
    }

    private NativeBuffer(byte* pointer, long bytes)
    {
        _isBorrowed = true;
        Pointer = pointer;
        Bytes = bytes;
        GC.SuppressFinalize(this);
    }

    ~NativeBuffer() => Free();

    /// <summary>Memory that belongs to somebody else, who keeps it longer.</summary>
    public static NativeBuffer Borrow(byte* pointer, long bytes) => new(pointer, bytes);

    public byte* Pointer { get; private set; }

    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer != null && !_isBorrowed)
        {
            Marshal.FreeHGlobal((IntPtr)Pointer);
            Pointer = null;
            GC.RemoveMemoryPressure(Math.Max(1, Bytes));
        }
    }
}
