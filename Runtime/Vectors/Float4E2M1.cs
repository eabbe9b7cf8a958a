namespace Cameo.Vectors;

/// <summary>The 4-bit format with 2 bits of exponent and 1 of fraction, finite numbers only, one to a byte (OCP Microscaling Formats). Storage only: computing happens in float32.</summary>
/// <param name="Bits">The code.</param>
public readonly record struct Float4E2M1(byte Bits)
{
    private static readonly SmallFloat Format = new(fractionBits: 1, bias: 1, largest: 6, largestCode: 0x7, overflowCode: -1, notANumber: -1, signBit: 3, hasNegativeZero: true);

    /// <summary>The same number as float32.</summary>
    public static explicit operator float(Float4E2M1 value) => Format.Decode(value.Bits);

    /// <summary>The nearest number, ties to even; what is too large becomes the largest number.</summary>
    public static explicit operator Float4E2M1(float value) => FromSingle(value, saturate: true);

    /// <summary>The nearest number, ties to even.</summary>
    /// <param name="value">The number.</param>
    /// <param name="saturate">Whether what is too large, infinities among it, becomes the largest number; else the same, since the format has nothing larger. NaN becomes a negative zero.</param>
    public static Float4E2M1 FromSingle(float value, bool saturate) => new(Format.Encode(value, saturate));
}
