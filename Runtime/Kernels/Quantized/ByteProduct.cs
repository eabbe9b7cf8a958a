using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Rows of bytes, for processors that sum four products of bytes in 32 bits. One instruction takes unsigned bytes of the row (x64), the other signed ones (ARM): <see cref="Offset"/>
/// is what stored bytes are less than unsigned ones.
/// </summary>
internal readonly struct ByteProduct : IWordProduct
{
    /// <summary>Whether this process has such an instruction for vectors of its width.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ByteDot.PrefersNarrowVectors || (Dp.IsSupported && Vector128.IsHardwareAccelerated);
    }

    /// <summary>Unsigned byte − stored byte.</summary>
    public static int Offset
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Dp.IsSupported ? 128 : 0;
    }

    public static int LeftInts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V First<V>(V words)
        where V : struct, IVector<V> => words;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Second<V>(V words)
        where V : struct, IVector<V> => words;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add<V>(V sums, V first, V second, V left0, V left1)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector256Float))
        {
            return LaneBits.From<V>(AvxVnni.MultiplyWideningAndAdd(LaneBits.To256(sums), LaneBits.To256(left0).AsByte(), LaneBits.To256(first).AsSByte()));
        }

        if (typeof(V) == typeof(Vector128Float))
        {
            return LaneBits.From<V>(Dp.DotProduct(LaneBits.To128(sums), LaneBits.To128(left0).AsSByte(), LaneBits.To128(first).AsSByte()));
        }

        return LaneBits.From<V>(Add(LaneBits.ToScalar(sums), LaneBits.ToScalar(left0), LaneBits.ToScalar(first)));
    }

    /// <summary>Unsigned bytes with signed ones, for tests of this path where the instruction is missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Add(int sum, int left, int words) => sum
        + ((byte)left * (sbyte)words)
        + ((byte)(left >> 8) * (sbyte)(words >> 8))
        + ((byte)(left >> 16) * (sbyte)(words >> 16))
        + ((byte)(left >> 24) * (sbyte)(words >> 24));
}
