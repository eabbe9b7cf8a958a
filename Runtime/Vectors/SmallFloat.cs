namespace Cameo.Vectors;

/// <summary>Encodes and decodes floating-point numbers of at most 8 bits with a sign, an exponent and a fraction.</summary>
/// <param name="fractionBits">Bits of the fraction.</param>
/// <param name="bias">What the exponent field exceeds the exponent by.</param>
/// <param name="largest">The largest finite number.</param>
/// <param name="largestCode">Its code.</param>
/// <param name="overflowCode">The code, without a sign, of what is too large where that does not become the largest number; -1 where it always does.</param>
/// <param name="notANumber">The code of NaN; -1 where there is none.</param>
/// <param name="signBit">The place of the sign.</param>
/// <param name="hasNegativeZero">Whether a zero has a sign.</param>
internal sealed class SmallFloat(int fractionBits, int bias, float largest, byte largestCode, int overflowCode, int notANumber, int signBit, bool hasNegativeZero)
{
    /// <summary>The number of each code.</summary>
    private readonly float[] _values = [.. Enumerable.Range(0, 1 << (signBit + 1)).Select(code => Decode(code, fractionBits, bias, largest, overflowCode, notANumber, signBit))];

    public float Decode(byte code) => _values[code & (_values.Length - 1)];

    /// <summary>The nearest number, ties to even.</summary>
    public byte Encode(float value, bool saturate)
    {
        int sign = BitConverter.SingleToInt32Bits(value) < 0 ? 1 << signBit : 0;
        if (float.IsNaN(value))
        {
            // A format without NaN has no right answer; ONNX's reference gives a negative zero.
            return (byte)(notANumber >= 0 ? notANumber : 1 << signBit);
        }

        // A number is a multiple of the last place of its binade or of the smallest number, and float64 holds the multiple exactly.
        double magnitude = Math.Abs((double)value);
        double units = double.IsInfinity(magnitude) ? 0 : Math.Round(Math.ScaleB(magnitude, fractionBits - Exponent(magnitude)), MidpointRounding.ToEven);
        double rounded = double.IsInfinity(magnitude) ? magnitude : Math.ScaleB(units, Exponent(magnitude) - fractionBits);
        if (rounded > largest)
        {
            return (byte)(saturate || overflowCode < 0 ? sign | largestCode : overflowCode == notANumber ? notANumber : sign | overflowCode);
        }

        if (rounded == 0)
        {
            return (byte)(hasNegativeZero ? sign : 0);
        }

        // The leading one of a normal number adds one to the exponent field.
        int exponent = Exponent(rounded);
        int fraction = (int)Math.ScaleB(rounded, fractionBits - exponent);
        return (byte)(sign | (((exponent + bias - 1) << fractionBits) + fraction));
    }

    private int Exponent(double magnitude) => magnitude == 0 ? 1 - bias : Math.Max(Math.ILogB(magnitude), 1 - bias);

    private static float Decode(int code, int fractionBits, int bias, float largest, int overflowCode, int notANumber, int signBit)
    {
        int sign = code >> signBit;
        int unsigned = code & ((1 << signBit) - 1);
        int exponent = unsigned >> fractionBits;
        int fraction = unsigned & ((1 << fractionBits) - 1);
        double magnitude = exponent == 0
            ? Math.ScaleB(fraction, 1 - bias - fractionBits)
            : Math.ScaleB((1 << fractionBits) + fraction, exponent - bias - fractionBits);
        return code == notANumber ? float.NaN
            : magnitude > largest ? unsigned == overflowCode && overflowCode != notANumber ? (sign == 0 ? float.PositiveInfinity : float.NegativeInfinity) : float.NaN
            : (float)(sign == 0 ? magnitude : -magnitude);
    }
}
