using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>Generic vectors as the platform's vectors of their width. Callers have checked the type; for the JIT and the AOT compiler these are no code at all.</summary>
internal static class LaneBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> To512<V>(V value)
        where V : struct, IVector<V> => Unsafe.BitCast<V, Vector512<int>>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> To256<V>(V value)
        where V : struct, IVector<V> => Unsafe.BitCast<V, Vector256<int>>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> To128<V>(V value)
        where V : struct, IVector<V> => Unsafe.BitCast<V, Vector128<int>>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ToScalar<V>(V value)
        where V : struct, IVector<V> => Unsafe.BitCast<V, int>(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V From<V>(Vector512<int> lanes)
        where V : struct, IVector<V> => Unsafe.BitCast<Vector512<int>, V>(lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V From<V>(Vector256<int> lanes)
        where V : struct, IVector<V> => Unsafe.BitCast<Vector256<int>, V>(lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V From<V>(Vector128<int> lanes)
        where V : struct, IVector<V> => Unsafe.BitCast<Vector128<int>, V>(lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V From<V>(int lane)
        where V : struct, IVector<V> => Unsafe.BitCast<int, V>(lane);
}
