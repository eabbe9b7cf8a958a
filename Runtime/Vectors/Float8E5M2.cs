namespace Cameo.Vectors;

/// <summary>The 8-bit format with 5 bits of exponent and 2 of fraction, infinities and NaN (https://arxiv.org/abs/2209.05433). Storage only: computing happens in float32.</summary>
/// <param name="Bits">The code.</param>
public readonly record struct Float8E5M2(byte Bits)
{
    private static readonly SmallFloat Format = new(fractionBits: 2, bias: 15, largest: 57344, largestCode: 0x7B, overflowCode: 0x7C, notANumber: 0x7F, signBit: 7, hasNegativeZero: true);

    /// <summary>The same number as float32.</summary>
    public static explicit operator float(Float8E5M2 value) => Format.Decode(value.Bits);

    /// <summary>The nearest number, ties to even; what is too large becomes the largest number.</summary>
    public static explicit operator Float8E5M2(float value) => FromSingle(value, saturate: true);

    /// <summary>The nearest number, ties to even.</summary>
    /// <param name="value">The number; NaN stays NaN where the format has one.</param>
    /// <param name="saturate">Whether what is too large, infinities among it, becomes the largest number; else it becomes infinite.</param>
    public static Float8E5M2 FromSingle(float value, bool saturate) => new(Format.Encode(value, saturate));
}
