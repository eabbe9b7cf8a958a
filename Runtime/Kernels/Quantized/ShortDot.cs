using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Dot products of two int16 a lane, exact in int32 for numbers that are bytes or differences of bytes.</summary>
internal static class ShortDot
{
    /// <summary>The products of each lane's two pairs, summed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply<V>(V left, V right)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            return LaneBits.From<V>(Avx512BW.MultiplyAddAdjacent(LaneBits.To512(left).AsInt16(), LaneBits.To512(right).AsInt16()));
        }

        if (typeof(V) == typeof(Vector256Float))
        {
            return LaneBits.From<V>(Avx2.MultiplyAddAdjacent(LaneBits.To256(left).AsInt16(), LaneBits.To256(right).AsInt16()));
        }

        if (typeof(V) == typeof(Vector128Float))
        {
            return LaneBits.From<V>(Multiply(LaneBits.To128(left), LaneBits.To128(right)));
        }

        int x = LaneBits.ToScalar(left), y = LaneBits.ToScalar(right);
        return LaneBits.From<V>(((short)x * (short)y) + ((x >> 16) * (y >> 16)));
    }

    /// <summary>sums + products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAdd<V>(V sums, V left, V right)
        where V : struct, IVector<V> => V.AddBits(sums, Multiply(left, right));

    /// <summary>Bytes 0 and 2 of each lane as int16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V EvenBytes<V>(V bytes)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(LaneBits.To512(bytes).AsInt16(), 8), 8).AsInt32())
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(LaneBits.To256(bytes).AsInt16(), 8), 8).AsInt32())
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(LaneBits.To128(bytes).AsInt16(), 8), 8).AsInt32())
        : LaneBits.From<V>(Pair((sbyte)LaneBits.ToScalar(bytes), (sbyte)(LaneBits.ToScalar(bytes) >> 16)));

    /// <summary>Bytes 1 and 3 of each lane as int16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V OddBytes<V>(V bytes)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(Vector512.ShiftRightArithmetic(LaneBits.To512(bytes).AsInt16(), 8).AsInt32())
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(Vector256.ShiftRightArithmetic(LaneBits.To256(bytes).AsInt16(), 8).AsInt32())
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(Vector128.ShiftRightArithmetic(LaneBits.To128(bytes).AsInt16(), 8).AsInt32())
        : LaneBits.From<V>(Pair((sbyte)(LaneBits.ToScalar(bytes) >> 8), (sbyte)(LaneBits.ToScalar(bytes) >> 24)));

    /// <summary>Two int16 as the bits of an int32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Pair(int low, int high) => (ushort)low | (high << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Multiply(Vector128<int> left, Vector128<int> right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16());
        }

        Vector128<int> low = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(left, 16), 16) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(right, 16), 16);
        return low + (Vector128.ShiftRightArithmetic(left, 16) * Vector128.ShiftRightArithmetic(right, 16));
    }
}
