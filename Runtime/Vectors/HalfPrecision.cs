using System.Runtime.CompilerServices;

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
    private const int SignBit = unchecked((int)0x80000000);
    private const int SingleInfinity = 0x7F800000;

    // 2^-14, the smallest normal float16, and 2^16, above every finite one.
    private const float SmallestNormal = 1f / 16384;
    private const float BeyondLargest = 65536;

    /// <summary>Float16 in the low half of each lane to float32; the high half may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FromLowHalf<V>(V bits)
        where V : struct, IVector<V> => FromHighHalf(V.ShiftLeft(bits, 16));

    /// <summary>Float16 in the high half of each lane to float32; the low half may hold anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FromHighHalf<V>(V bits)
        where V : struct, IVector<V>
    {
        V magnitude = V.AddBits(V.And(V.ShiftRightLogical(bits, 16 - FractionShift), V.BroadcastBits(0x7FFF << FractionShift)), V.BroadcastBits(BiasDifference));

        // An exponent of 0 stands for fraction · 2^-14, where this has (1 + fraction) · 2^-15; both steps are exact.
        V subnormal = magnitude + magnitude - V.Broadcast(SmallestNormal);
        V finite = V.Select(V.LessThan(magnitude, V.Broadcast(SmallestNormal)), subnormal, magnitude);
        V special = V.And(V.LessThanOrEqual(V.Broadcast(BeyondLargest), magnitude), V.BroadcastBits(SingleInfinity));
        return V.Or(V.Or(finite, special), V.And(bits, V.BroadcastBits(SignBit)));
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
