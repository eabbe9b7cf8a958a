using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Dot products of four bytes a lane, of small unsigned numbers (at most 15) with signed ones. Without an instruction that sums into 32 bits, partial sums are two int16 a lane: 32 products
/// of a lane fit them, 16 in each (16 · 15 · 128 = 30,720), and then must be widened, which multiplying them as int16 pairs does.
/// </summary>
internal static class ByteDot
{
    /// <summary>Most products of a lane before partial sums must be widened.</summary>
    public const int MostProducts = 32;

    /// <summary>
    /// Whether 256-bit vectors with a dot product beat 512-bit vectors without: one instruction then multiplies and adds in 32 bits what takes two or three of twice the width.
    /// </summary>
    public static bool PrefersNarrowVectors
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => AvxVnni.IsSupported && Vector256.IsHardwareAccelerated;
    }

    /// <summary>Partial sums + products of <paramref name="small"/> and <paramref name="signed"/>; none of the intermediate sums saturates.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAdd<V>(V sums, V small, V signed)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            Vector512<short> products = Avx512BW.MultiplyAddAdjacent(LaneBits.To512(small).AsByte(), LaneBits.To512(signed).AsSByte());
            return LaneBits.From<V>((LaneBits.To512(sums).AsInt16() + products).AsInt32());
        }

        if (typeof(V) == typeof(Vector256Float))
        {
            return LaneBits.From<V>(MultiplyAdd(LaneBits.To256(sums), LaneBits.To256(small), LaneBits.To256(signed)));
        }

        if (typeof(V) == typeof(Vector128Float))
        {
            return LaneBits.From<V>(MultiplyAdd(LaneBits.To128(sums), LaneBits.To128(small), LaneBits.To128(signed)));
        }

        return LaneBits.From<V>(MultiplyAdd(LaneBits.ToScalar(sums), LaneBits.ToScalar(small), LaneBits.ToScalar(signed)));
    }

    /// <summary>Whether partial sums are one int32 a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasWideSums<V>() =>
        typeof(V) == typeof(Vector512Float) ? false
        : typeof(V) == typeof(Vector256Float) ? AvxVnni.IsSupported
        : typeof(V) == typeof(Vector128Float) ? Dp.IsSupported
        : true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> MultiplyAdd(Vector256<int> sums, Vector256<int> small, Vector256<int> signed) => AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(sums, small.AsByte(), signed.AsSByte())
        : (sums.AsInt16() + Avx2.MultiplyAddAdjacent(small.AsByte(), signed.AsSByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> MultiplyAdd(Vector128<int> sums, Vector128<int> small, Vector128<int> signed)
    {
        if (Dp.IsSupported)
        {
            return Dp.DotProduct(sums, small.AsSByte(), signed.AsSByte());
        }

        if (Ssse3.IsSupported)
        {
            return (sums.AsInt16() + Ssse3.MultiplyAddAdjacent(small.AsByte(), signed.AsSByte())).AsInt32();
        }

        // Even bytes with even bytes and odd with odd, as int16.
        Vector128<short> even = (small.AsInt16() & Vector128.Create((short)0xFF)) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(signed.AsInt16(), 8), 8);
        Vector128<short> odd = Vector128.ShiftRightLogical(small.AsInt16(), 8) * Vector128.ShiftRightArithmetic(signed.AsInt16(), 8);
        return (sums.AsInt16() + even + odd).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int MultiplyAdd(int sum, int small, int signed) => sum
        + ((byte)small * (sbyte)signed)
        + ((byte)(small >> 8) * (sbyte)(signed >> 8))
        + ((byte)(small >> 16) * (sbyte)(signed >> 16))
        + ((byte)(small >> 24) * (sbyte)(signed >> 24));
}
