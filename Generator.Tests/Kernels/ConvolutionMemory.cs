using System.Runtime.InteropServices;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>
/// Elements that end (or begin) exactly where memory that must not be touched begins (or ends): a kernel that reads or writes
/// one element too much dies. Where pages cannot be protected, canaries on both sides find writes.
/// </summary>
internal sealed unsafe class ConvolutionMemory<T> : IDisposable
    where T : unmanaged
{
    private const nint Page = 65536;
    private const byte Canary = 0xC5;

    private readonly byte* _mapping;
    private readonly nint _bytes;
    private readonly nint _inner;

    public ConvolutionMemory(int count, bool atEnd)
    {
        Count = count;
        _inner = ((nint)count * sizeof(T) + Page - 1) / Page * Page;
        _bytes = _inner + (2 * Page);
        if (OperatingSystem.IsLinux())
        {
            _mapping = GuardPages.Map(null, _bytes, 3, 0x22, -1, 0);
            Assert.True(GuardPages.Protect(_mapping, Page, 0) == 0 && GuardPages.Protect(_mapping + Page + _inner, Page, 0) == 0);
        }
        else
        {
            _mapping = (byte*)NativeMemory.Alloc((nuint)_bytes);
        }

        Pointer = (T*)(atEnd ? _mapping + Page + _inner - ((nint)count * sizeof(T)) : _mapping + Page);
        new Span<byte>(_mapping + Page, (int)_inner).Fill(Canary);
    }

    public int Count { get; }

    public T* Pointer { get; }

    public Span<T> Span => new(Pointer, Count);

    public void Dispose()
    {
        nint before = (nint)((byte*)Pointer - (_mapping + Page));
        nint after = _inner - before - ((nint)Count * sizeof(T));
        bool intact = !new ReadOnlySpan<byte>(_mapping + Page, (int)before).ContainsAnyExcept(Canary)
            && !new ReadOnlySpan<byte>(Pointer + Count, (int)after).ContainsAnyExcept(Canary);
        if (OperatingSystem.IsLinux())
        {
            _ = GuardPages.Unmap(_mapping, _bytes);
        }
        else
        {
            NativeMemory.Free(_mapping);
        }

        Assert.True(intact, "A kernel wrote outside its output.");
    }
}
