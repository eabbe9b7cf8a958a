using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rows of int16, as <see cref="ShortGroup"/> arranges them: products of int16 pairs are exact, whereas summing products of bytes in pairs would saturate.
/// </summary>
internal readonly struct ShortProduct : IWordProduct
{
    public static int LeftInts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V First<V>(V words)
        where V : struct, IVector<V> => ShortDot.EvenBytes(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Second<V>(V words)
        where V : struct, IVector<V> => ShortDot.OddBytes(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add<V>(V sums, V first, V second, V left0, V left1)
        where V : struct, IVector<V> => ShortDot.MultiplyAdd(ShortDot.MultiplyAdd(sums, first, left0), second, left1);
}
