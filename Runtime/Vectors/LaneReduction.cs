using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>Sums and maxima over the lanes of four vectors at once, which take less than half of the instructions of one by one.</summary>
internal static unsafe class LaneReduction
{
    /// <summary>destination[i] = sum of all lanes of vector i, added up in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Sums<V>(V first, V second, V third, V fourth, float* destination)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float) && Avx512F.IsSupported)
        {
            (Vector512<float> left, Vector512<float> right) = Pairs(LaneBits.To512(first).AsSingle(), LaneBits.To512(second).AsSingle(), LaneBits.To512(third).AsSingle(), LaneBits.To512(fourth).AsSingle(), isSum: true);
            Vector512<float> sums = Avx512F.Shuffle4x128(left, right, 0x88) + Avx512F.Shuffle4x128(left, right, 0xDD);
            sums += Avx512F.Permute4x32(sums, 0b01_00_11_10);
            sums += Avx512F.Permute4x32(sums, 0b10_11_00_01);
            Vector128.Store(FirstOfQuarters(sums), destination);
        }
        else if (typeof(V) == typeof(Vector256Float) && Avx.IsSupported)
        {
            Vector256<float> left = Avx.HorizontalAdd(LaneBits.To256(first).AsSingle(), LaneBits.To256(second).AsSingle());
            Vector256<float> right = Avx.HorizontalAdd(LaneBits.To256(third).AsSingle(), LaneBits.To256(fourth).AsSingle());
            Vector256<float> sums = Avx.HorizontalAdd(left, right);
            Vector128.Store(sums.GetLower() + sums.GetUpper(), destination);
        }
        else if (typeof(V) == typeof(Vector128Float) && Sse3.IsSupported)
        {
            Vector128<float> left = Sse3.HorizontalAdd(LaneBits.To128(first).AsSingle(), LaneBits.To128(second).AsSingle());
            Vector128<float> right = Sse3.HorizontalAdd(LaneBits.To128(third).AsSingle(), LaneBits.To128(fourth).AsSingle());
            Vector128.Store(Sse3.HorizontalAdd(left, right), destination);
        }
        else
        {
            destination[0] = V.ReduceAdd(first);
            destination[1] = V.ReduceAdd(second);
            destination[2] = V.ReduceAdd(third);
            destination[3] = V.ReduceAdd(fourth);
        }
    }

    /// <summary>destination[i] = largest lane of vector i. Lanes that are NaN may be passed over or be the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Maxima<V>(V first, V second, V third, V fourth, float* destination)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float) && Avx512F.IsSupported)
        {
            (Vector512<float> left, Vector512<float> right) = Pairs(LaneBits.To512(first).AsSingle(), LaneBits.To512(second).AsSingle(), LaneBits.To512(third).AsSingle(), LaneBits.To512(fourth).AsSingle(), isSum: false);
            var maxima = Vector512.MaxNative(Avx512F.Shuffle4x128(left, right, 0x88), Avx512F.Shuffle4x128(left, right, 0xDD));
            maxima = Vector512.MaxNative(maxima, Avx512F.Permute4x32(maxima, 0b01_00_11_10));
            maxima = Vector512.MaxNative(maxima, Avx512F.Permute4x32(maxima, 0b10_11_00_01));
            Vector128.Store(FirstOfQuarters(maxima), destination);
        }
        else
        {
            destination[0] = V.ReduceMax(first);
            destination[1] = V.ReduceMax(second);
            destination[2] = V.ReduceMax(third);
            destination[3] = V.ReduceMax(fourth);
        }
    }

    // Quarters of two vectors beside each other: half as many are left of each. The caller does the same with both results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Left, Vector512<float> Right) Pairs(Vector512<float> first, Vector512<float> second, Vector512<float> third, Vector512<float> fourth, bool isSum)
    {
        Vector512<float> left0 = Avx512F.Shuffle4x128(first, second, 0x44), left1 = Avx512F.Shuffle4x128(first, second, 0xEE);
        Vector512<float> right0 = Avx512F.Shuffle4x128(third, fourth, 0x44), right1 = Avx512F.Shuffle4x128(third, fourth, 0xEE);
        return isSum ? (left0 + left1, right0 + right1) : (Vector512.MaxNative(left0, left1), Vector512.MaxNative(right0, right1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FirstOfQuarters(Vector512<float> value) =>
        Avx512F.PermuteVar16x32(value, Vector512.Create(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12)).GetLower().GetLower();
}
