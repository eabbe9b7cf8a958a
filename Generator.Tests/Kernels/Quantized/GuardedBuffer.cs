using System.Runtime.InteropServices;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Elements that end exactly at a page nobody may touch.</summary>
internal sealed unsafe class GuardedBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private readonly nint _mapped;
    private byte* _base;

    public GuardedBuffer(nint length)
    {
        nint page = Environment.SystemPageSize;
        nint bytes = length * sizeof(T);
        nint data = (bytes + page - 1) / page * page;
        _mapped = data + page;
        Length = length;
        if (OperatingSystem.IsLinux())
        {
            _base = GuardPages.Map(null, _mapped, ReadWrite, PrivateAnonymous, -1, 0);
            if (_base == (byte*)-1 || GuardPages.Protect(_base + data, page, 0) != 0)
            {
                throw new InvalidOperationException("The guard page could not be made.");
            }
        }
        else
        {
            _base = (byte*)NativeMemory.AllocZeroed((nuint)_mapped);
        }

        Pointer = (T*)(_base + (data - bytes));
    }

    public T* Pointer { get; }

    public nint Length { get; }

    public Span<T> Span => new(Pointer, checked((int)Length));

    public static GuardedBuffer<T> Of(ReadOnlySpan<T> elements)
    {
        var buffer = new GuardedBuffer<T>(elements.Length);
        elements.CopyTo(buffer.Span);
        return buffer;
    }

    public void Dispose()
    {
        if (_base == null)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            _ = GuardPages.Unmap(_base, _mapped);
        }
        else
        {
            NativeMemory.Free(_base);
        }

        _base = null;
    }
}
