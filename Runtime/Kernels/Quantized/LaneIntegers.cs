using System.Runtime.CompilerServices;
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
}
