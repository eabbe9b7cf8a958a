using System.Runtime.InteropServices;

namespace Cameo.Generator.Packing;

/// <summary>Memory outside the managed heap: tensors may be larger than arrays can be, and must not stay in the build process once they are packed.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    public NativeBuffer(long bytes)
    {
        Bytes = bytes;
        Pointer = (byte*)Marshal.AllocHGlobal((IntPtr)Math.Max(1, bytes));
        GC.AddMemoryPressure(Math.Max(1, bytes));
    }

    ~NativeBuffer() => Free();

    public byte* Pointer { get; private set; }

    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer != null)
        {
            Marshal.FreeHGlobal((IntPtr)Pointer);
            Pointer = null;
            GC.RemoveMemoryPressure(Math.Max(1, Bytes));
        }
    }
}
