namespace Cameo.Vectors;

/// <summary>The 8-bit format with 5 bits of exponent and 2 of fraction, finite numbers, NaN in the place of a negative zero (https://arxiv.org/abs/2206.02915). Storage only: computing happens in float32.</summary>
/// <param name="Bits">The code.</param>
public readonly record struct Float8E5M2FNUZ(byte Bits)
{
    private static readonly SmallFloat Format = new(fractionBits: 2, bias: 16, largest: 57344, largestCode: 0x7F, overflowCode: 0x80, notANumber: 0x80, signBit: 7, hasNegativeZero: false);

    /// <summary>The same number as float32.</summary>
    public static explicit operator float(Float8E5M2FNUZ value) => Format.Decode(value.Bits);

    /// <summary>The nearest number, ties to even; what is too large becomes the largest number.</summary>
    public static explicit operator Float8E5M2FNUZ(float value) => FromSingle(value, saturate: true);

    /// <summary>The nearest number, ties to even.</summary>
    /// <param name="value">The number; NaN stays NaN where the format has one.</param>
    /// <param name="saturate">Whether what is too large, infinities among it, becomes the largest number; else it becomes NaN.</param>
    public static Float8E5M2FNUZ FromSingle(float value, bool saturate) => new(Format.Encode(value, saturate));
}
