using System.Runtime.InteropServices;

namespace Cameo.Tests.Infrastructure;

/// <summary>Floats that end exactly at a page nobody may touch: a read or write past the end ends the process.</summary>
internal sealed unsafe partial class GuardedFloats : IDisposable
{
    private const int ProtectNone = 0;
    private const int ProtectReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly nuint _mapped;
    private byte* _base;

    /// <summary>Maps the memory; elements start as NaN, so that whoever reads one that was never written shows it.</summary>
    /// <param name="length">Number of floats.</param>
    public GuardedFloats(nint length)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint bytes = (nuint)length * sizeof(float);
        nuint data = (bytes + page - 1) / page * page;
        _mapped = data + page;
        Length = length;
        if (OperatingSystem.IsLinux())
        {
            _base = (byte*)Map(null, _mapped, ProtectReadWrite, PrivateAnonymous, -1, 0);
            if (_base == (byte*)-1 || Protect(_base + data, page, ProtectNone) != 0)
            {
                throw new InvalidOperationException($"Guard page could not be made: error {Marshal.GetLastPInvokeError()}.");
            }
        }
        else
        {
            _base = (byte*)NativeMemory.Alloc(_mapped);
        }

        Pointer = (float*)(_base + (data - bytes));
        new Span<float>(Pointer, checked((int)length)).Fill(float.NaN);
    }

    /// <summary>First element.</summary>
    public float* Pointer { get; }

    /// <summary>Number of elements.</summary>
    public nint Length { get; }

    /// <summary>The elements.</summary>
    public Span<float> Span => new(Pointer, checked((int)Length));

    /// <summary>Fills with numbers in −1 … 1 that depend on the seed alone.</summary>
    public GuardedFloats Fill(int seed)
    {
        var random = new Random(seed);
        foreach (ref float element in Span)
        {
            element = (random.NextSingle() * 2) - 1;
        }

        return this;
    }

    public void Dispose()
    {
        if (_base == null)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            _ = Unmap(_base, _mapped);
        }
        else
        {
            NativeMemory.Free(_base);
        }

        _base = null;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
