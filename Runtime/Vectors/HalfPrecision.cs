using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>
/// Conversions between float32 and 16-bit floating point with integer operations on vectors of any width (.NET offers no instruction for them). Exact, and without
/// computing on subnormal float32 numbers, which some processors do a hundred times more slowly.
/// </summary>
internal static class HalfPrecision
{
    // Float16 has 10 bits of fraction and exponents biased by 15; float32 has 23 and 127.
    private const int FractionShift = 23 - 10;
    private const int BiasDifference = (127 - 15) << 23;

    // With a bias 16 less, float16's five bits of exponent stand below the bias's, so that the bias can be set instead of added.
    private const int ScaledBias = BiasDifference - (16 << 23);
    private const int SignBit = unchecked((int)0x80000000);
    private const int SingleInfinity = 0x7F800000;

    // 2^-14, the smallest normal float16, and 2^16, above every finite one.
    private const float SmallestNormal = 1f / 16384;
    private const float BeyondLargest = 65536;

    /// <summary>What results of the scaled conversions must be multiplied by.</summary>
    public const float Scale = 65536;

    /// <summary>Float16 in the low half of each lane to float32; the high half may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FromLowHalf<V>(V bits)
        where V : struct, IVector<V> => FromHighHalf(V.ShiftLeft(bits, 16));

    /// <summary>Float16 in the high half of each lane to float32; the low half may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FromHighHalf<V>(V bits)
        where V : struct, IVector<V> => ScaledFromHighHalf(bits) * V.Broadcast(Scale);

    /// <summary>The numbers of the low halves divided by <see cref="Scale"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ScaledFromLowHalf<V>(V bits)
        where V : struct, IVector<V> => ScaledFromHighHalf(V.ShiftLeft(bits, 16));

    /// <summary>The numbers of the high halves divided by <see cref="Scale"/>: exactly, as float32 has smaller exponents.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ScaledFromHighHalf<V>(V bits)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            return Unsafe.BitCast<Vector512<float>, V>(ScaledFromHighHalf(LaneBits.To512(bits)));
        }

        if (typeof(V) == typeof(Vector256Float))
        {
            return Unsafe.BitCast<Vector256<float>, V>(ScaledFromHighHalf(LaneBits.To256(bits)));
        }

        V magnitude = V.Or(V.And(V.ShiftRightLogical(bits, 16 - FractionShift), V.BroadcastBits(0x7FFF << FractionShift)), V.BroadcastBits(ScaledBias));

        // An exponent of 0 stands for fraction · 2^-14, where this has (1 + fraction) · 2^-15; both steps are exact.
        V subnormal = magnitude + magnitude - V.Broadcast(SmallestNormal / Scale);
        V finite = V.Select(V.LessThan(magnitude, V.Broadcast(SmallestNormal / Scale)), subnormal, magnitude);
        V special = V.And(V.LessThanOrEqual(V.Broadcast(BeyondLargest / Scale), magnitude), V.BroadcastBits(SingleInfinity));
        return V.Or(V.Or(finite, special), V.And(bits, V.BroadcastBits(SignBit)));
    }

    /// <summary>
    /// The same in the platform's terms, in fewer operations: what is right for subnormal numbers is larger than the magnitude for all others, so the smaller of both is right.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> ScaledFromHighHalf(Vector512<int> bits)
    {
        Vector512<float> magnitude =
            ((Vector512.ShiftRightLogical(bits, 16 - FractionShift) & Vector512.Create(0x7FFF << FractionShift)) | Vector512.Create(ScaledBias)).AsSingle();
        Vector512<float> subnormal = Vector512.FusedMultiplyAdd(magnitude, Vector512.Create(2f), Vector512.Create(-SmallestNormal / Scale));
        Vector512<float> finite = Vector512.MinNative(magnitude, subnormal);
        Vector512<float> value = Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(BeyondLargest / Scale)), finite | Vector512.Create(SingleInfinity).AsSingle(), finite);
        return value | (bits & Vector512.Create(SignBit)).AsSingle();
    }

    /// <summary>The same for 256 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> ScaledFromHighHalf(Vector256<int> bits)
    {
        Vector256<float> magnitude =
            ((Vector256.ShiftRightLogical(bits, 16 - FractionShift) & Vector256.Create(0x7FFF << FractionShift)) | Vector256.Create(ScaledBias)).AsSingle();
        Vector256<float> subnormal = Vector256.FusedMultiplyAdd(magnitude, Vector256.Create(2f), Vector256.Create(-SmallestNormal / Scale));
        Vector256<float> finite = Vector256.MinNative(magnitude, subnormal);
        Vector256<float> value = Vector256.ConditionalSelect(
            Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(BeyondLargest / Scale)), finite | Vector256.Create(SingleInfinity).AsSingle(), finite);
        return value | (bits & Vector256.Create(SignBit)).AsSingle();
    }

    /// <summary>Float32 to the nearest float16, ties to even, in the low half of each lane; the high half is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToHalfBits<V>(V value)
        where V : struct, IVector<V>
    {
        V magnitude = V.Abs(value);
        V sign = V.ShiftRightLogical(V.And(value, V.BroadcastBits(SignBit)), 16);

        // Half a unit less one, and one more where the kept fraction is odd, carries into the fraction exactly where rounding goes up.
        V odd = V.And(V.ShiftRightLogical(magnitude, FractionShift), V.BroadcastBits(1));
        V rounded = V.AddBits(V.AddBits(magnitude, odd), V.BroadcastBits((1 << (FractionShift - 1)) - 1 - BiasDifference));
        V normal = V.ShiftRightLogical(rounded, FractionShift);

        // A float32 near one half has units of 2^-24, as subnormal float16 numbers have: the addition rounds.
        V subnormal = V.SubtractBits(magnitude + V.Broadcast(0.5f), V.Broadcast(0.5f));
        V result = V.Select(V.LessThan(magnitude, V.Broadcast(SmallestNormal)), subnormal, normal);
        result = V.Select(V.LessThanOrEqual(V.Broadcast(BeyondLargest), magnitude), V.BroadcastBits(0x7C00), result);
        result = V.Select(V.NotEqual(value, value), V.BroadcastBits(0x7E00), result);
        return V.Or(result, sign);
    }

    /// <summary>Float32 to the nearest bfloat16, ties to even, in the low half of each lane; the high half is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToBFloat16Bits<V>(V value)
        where V : struct, IVector<V>
    {
        V odd = V.And(V.ShiftRightLogical(value, 16), V.BroadcastBits(1));
        V rounded = V.ShiftRightLogical(V.AddBits(V.AddBits(value, odd), V.BroadcastBits(0x7FFF)), 16);

        // Rounding could carry a NaN into infinity.
        V notANumber = V.Or(V.ShiftRightLogical(value, 16), V.BroadcastBits(0x40));
        return V.Select(V.NotEqual(value, value), notANumber, rounded);
    }
}
