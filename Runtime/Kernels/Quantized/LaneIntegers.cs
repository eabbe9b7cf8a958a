using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Arithmetic on lanes whose bits are int32 values that <see cref="IVector{V}"/> has no operation for.</summary>
internal static class LaneIntegers
{
    /// <summary>Products, wrapping.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply<V>(V left, V right)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(LaneBits.To512(left) * LaneBits.To512(right))
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(LaneBits.To256(left) * LaneBits.To256(right))
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(LaneBits.To128(left) * LaneBits.To128(right))
        : LaneBits.From<V>(LaneBits.ToScalar(left) * LaneBits.ToScalar(right));

    /// <summary>The larger of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Max<V>(V left, V right)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(Vector512.Max(LaneBits.To512(left), LaneBits.To512(right)))
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(Vector256.Max(LaneBits.To256(left), LaneBits.To256(right)))
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(Vector128.Max(LaneBits.To128(left), LaneBits.To128(right)))
        : LaneBits.From<V>(Math.Max(LaneBits.ToScalar(left), LaneBits.ToScalar(right)));

    /// <summary>The largest lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReduceMax<V>(V value)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? ReduceMax(Vector256.Max(LaneBits.To512(value).GetLower(), LaneBits.To512(value).GetUpper()))
        : typeof(V) == typeof(Vector256Float) ? ReduceMax(LaneBits.To256(value))
        : typeof(V) == typeof(Vector128Float) ? ReduceMax(LaneBits.To128(value))
        : LaneBits.ToScalar(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReduceMax(Vector256<int> value) => ReduceMax(Vector128.Max(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReduceMax(Vector128<int> value)
    {
        Vector128<int> pairs = Vector128.Max(value, Vector128.Shuffle(value, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(pairs, Vector128.Shuffle(pairs, Vector128.Create(1, 0, 1, 0))).ToScalar();
    }
}
