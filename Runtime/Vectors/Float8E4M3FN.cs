namespace Cameo.Vectors;

/// <summary>The 8-bit format with 4 bits of exponent and 3 of fraction, finite numbers and NaN (https://arxiv.org/abs/2209.05433). Storage only: computing happens in float32.</summary>
/// <param name="Bits">The code.</param>
public readonly record struct Float8E4M3FN(byte Bits)
{
    private static readonly SmallFloat Format = new(fractionBits: 3, bias: 7, largest: 448, largestCode: 0x7E, overflowCode: 0x7F, notANumber: 0x7F, signBit: 7, hasNegativeZero: true);

    /// <summary>The same number as float32.</summary>
    public static explicit operator float(Float8E4M3FN value) => Format.Decode(value.Bits);

    /// <summary>The nearest number, ties to even; what is too large becomes the largest number.</summary>
    public static explicit operator Float8E4M3FN(float value) => FromSingle(value, saturate: true);

    /// <summary>The nearest number, ties to even.</summary>
    /// <param name="value">The number; NaN stays NaN where the format has one.</param>
    /// <param name="saturate">Whether what is too large, infinities among it, becomes the largest number; else it becomes NaN.</param>
    public static Float8E4M3FN FromSingle(float value, bool saturate) => new(Format.Encode(value, saturate));
}
