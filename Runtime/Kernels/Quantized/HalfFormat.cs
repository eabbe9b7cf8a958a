using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Float16 numbers, two a word, the first in the low half.</summary>
public readonly unsafe struct HalfFormat : INarrowFormat
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
        where V : struct, IVector<V> => element == 0 ? HalfPrecision.ScaledFromLowHalf(words) : HalfPrecision.ScaledFromHighHalf(words);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Factor(int element) => HalfPrecision.Scale;

    /// <inheritdoc/>
    public static V LoadZeroPoints<V>(byte* zeroPoints)
        where V : struct, IVector<V> => V.Zero;
}
