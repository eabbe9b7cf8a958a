using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>Hints that memory will be used soon. They never fault, so an address past the end of an array is fine; no-ops where the platform has none.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Bytes of a cache line.</summary>
    public const int LineBytes = 64;

    /// <summary>Floats of a cache line.</summary>
    public const int LineFloats = LineBytes / sizeof(float);

    /// <summary>Into the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFirstLevel(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>Into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }

    /// <summary>All lines of a range into the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFirstLevel(void* address, nint bytes)
    {
        for (nint offset = 0; offset < bytes; offset += LineBytes)
        {
            ToFirstLevel((byte*)address + offset);
        }
    }

    /// <summary>All lines of a range into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* address, nint bytes)
    {
        for (nint offset = 0; offset < bytes; offset += LineBytes)
        {
            ToSecondLevel((byte*)address + offset);
        }
    }
}
