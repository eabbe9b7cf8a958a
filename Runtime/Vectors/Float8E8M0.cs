namespace Cameo.Vectors;

/// <summary>The 8-bit format of powers of two that scales of blocks have, and NaN (OCP Microscaling Formats). Storage only: computing happens in float32.</summary>
/// <param name="Bits">The exponent plus 127; 255 is NaN.</param>
public readonly record struct Float8E8M0(byte Bits)
{
    private const int NotANumber = 0xFF, Largest = 0xFE, FractionBits = 23, One = 1 << FractionBits, Fraction = One - 1;

    /// <summary>The same number as float32.</summary>
    public static explicit operator float(Float8E8M0 value) => value.Bits == NotANumber ? float.NaN : MathF.ScaleB(1, value.Bits - 127);

    /// <summary>The next power of two that is not smaller; see <see cref="FromSingle"/>.</summary>
    public static explicit operator Float8E8M0(float value) => FromSingle(value, saturate: true);

    /// <summary>The next power of two whose magnitude is not smaller: signs do not count. NaN and infinities become NaN.</summary>
    /// <param name="value">The number.</param>
    /// <param name="saturate">Whether what is larger than the largest power becomes that; else it becomes NaN.</param>
    public static Float8E8M0 FromSingle(float value, bool saturate) => Round(value, Mantissa(value) > One, saturate);

    /// <summary>The next power of two whose magnitude is not larger.</summary>
    /// <param name="value">The number.</param>
    public static Float8E8M0 FromSingleDown(float value) => Round(value, roundsUp: false, saturate: true);

    /// <summary>The nearest power of two; half way between two of them the larger one.</summary>
    /// <param name="value">The number.</param>
    public static Float8E8M0 FromSingleNearest(float value) => Round(value, Mantissa(value) >= One + (One / 2), saturate: true);

    /// <summary>The digits, from <see cref="One"/> to less than twice that; of numbers below the smallest power less than one.</summary>
    private static int Mantissa(float value)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        return ((bits >> FractionBits) & 0xFF) == 0 ? (bits & Fraction) * 2 : (bits & Fraction) | One;
    }

    private static Float8E8M0 Round(float value, bool roundsUp, bool saturate)
    {
        int exponent = (BitConverter.SingleToInt32Bits(value) >> FractionBits) & 0xFF;
        return exponent == NotANumber ? new(NotANumber)
            : roundsUp && (exponent < Largest || !saturate) ? new((byte)(exponent + 1))
            : new((byte)exponent);
    }
}
