using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Integers −128 … 127: element j is byte j of a word. Unsigned weights are stored minus 128, and their zero points as well.</summary>
public readonly unsafe struct Int8Format : INarrowFormat
{
    /// <inheritdoc/>
    public static int ElementsPerWord
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    /// <inheritdoc/>
    public static bool IsInteger
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    /// <inheritdoc/>
    public static int DefaultZeroPoint
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }

    /// <inheritdoc/>
    /// <remarks>Each byte as the topmost of an int32, whose sign it then is.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Decode<V>(V words, int element)
        where V : struct, IVector<V> =>
        V.ConvertFromInt32(
            element == 0 ? V.ShiftLeft(words, 24)
            : element == 3 ? V.And(words, V.BroadcastBits(0xFF << 24))
            : V.And(V.ShiftLeft(words, 24 - (8 * element)), V.BroadcastBits(0xFF << 24)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Factor(int element) => 1f / (1 << 24);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadZeroPoints<V>(byte* zeroPoints)
        where V : struct, IVector<V> => NarrowLanes.Load<V, sbyte>((sbyte*)zeroPoints);
}
