using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <summary>The bfloat16 format, the upper half of a float32, as storage: computing happens in float32.</summary>
/// <param name="Bits">Sign, 8 bits of exponent, 7 bits of fraction.</param>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>The same number as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static explicit operator float(BFloat16 value) => BitConverter.Int32BitsToSingle(value.Bits << 16);

    /// <summary>The nearest bfloat16, ties to even; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static explicit operator BFloat16(float value) =>
        new((ushort)BitConverter.SingleToInt32Bits(HalfPrecision.ToBFloat16Bits(new ScalarFloat(value)).Value));
}
