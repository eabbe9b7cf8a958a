using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Addresses on the stack that vectors do not cross cache lines at; the stack itself is aligned to 16 bytes.</summary>
internal static unsafe class Alignment
{
    /// <summary>The next start of a cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* Lines(float* address) => (float*)(((nuint)address + Prefetch.LineBytes - 1) & ~(nuint)(Prefetch.LineBytes - 1));
}
