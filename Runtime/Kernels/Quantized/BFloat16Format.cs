using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Bfloat16 numbers, two a word, the first in the low half.</summary>
public readonly unsafe struct BFloat16Format : INarrowFormat
{
    /// <inheritdoc/>
    public static int ElementsPerWord
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    /// <inheritdoc/>
    public static bool IsInteger
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    /// <inheritdoc/>
    public static int DefaultZeroPoint
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Decode<V>(V words, int element)
        where V : struct, IVector<V> => element == 0 ? V.ShiftLeft(words, 16) : V.And(words, V.BroadcastBits(0xFFFF << 16));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Factor(int element) => 1;

    /// <inheritdoc/>
    public static V LoadZeroPoints<V>(byte* zeroPoints)
        where V : struct, IVector<V> => V.Zero;
}
