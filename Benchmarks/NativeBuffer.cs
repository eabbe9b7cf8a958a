using System.Runtime.InteropServices;
using Cameo.Memory;

namespace Cameo.Benchmarks;

/// <summary>64-byte aligned floats outside the collected heap, in large pages where there are many: the limits of the machine are measured with what it has.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    public NativeBuffer(nint length)
    {
        Length = length;
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        HugePages.Advise(Pointer, length * sizeof(float));
    }

    public float* Pointer { get; private set; }

    public nint Length { get; }

    public Span<float> Span => new(Pointer, checked((int)Length));

    /// <summary>Fills with numbers in −1 … 1 that are cheap to make and the same in every run.</summary>
    public NativeBuffer Fill(int seed)
    {
        uint state = (uint)seed * 2654435769u + 1;
        for (nint index = 0; index < Length; index++)
        {
            state = (state * 1664525) + 1013904223;
            Pointer[index] = (int)state * (1f / 2147483648f);
        }

        return this;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
