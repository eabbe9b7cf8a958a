namespace Cameo.Generator.Graphs;

/// <summary>Conversions to and from the 16-bit floating-point formats, which netstandard2.0 lacks. All round to nearest, ties to even.</summary>
internal static class HalfPrecision
{
    /// <summary>IEEE 754 binary16 bits of a number.</summary>
    public static ushort FromDouble(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int sign = (int)((bits >> 48) & 0x8000);
        if (double.IsNaN(value))
        {
            return (ushort)(sign | 0x7E00);
        }

        double magnitude = Math.Abs(value);
        // 65520 is the midpoint between the largest finite half and the next power of two: it and all above round to infinity.
        if (magnitude >= 65520)
        {
            return (ushort)(sign | 0x7C00);
        }

        // Below 2^-14 the spacing is that of subnormals, 2^-24.
        int exponent = magnitude < 6.103515625e-05 ? -14 : (int)((bits >> 52) & 0x7FF) - 1023;
        double scaled = Math.Round(magnitude * Math.Pow(2, 10 - exponent), MidpointRounding.ToEven);
        int significand = (int)scaled;
        // A rounded-up significand carries into the exponent by plain addition.
        return (ushort)(sign | (exponent == -14 && significand < 1024 ? significand : ((exponent + 15) << 10) + (significand - 1024)));
    }

    /// <summary>The number of binary16 bits.</summary>
    public static double ToDouble(ushort bits)
    {
        int exponent = (bits >> 10) & 31;
        int significand = bits & 1023;
        double magnitude = exponent == 31
            ? significand == 0 ? double.PositiveInfinity : double.NaN
            : exponent == 0 ? significand * Math.Pow(2, -24) : (1024 + significand) * Math.Pow(2, exponent - 25);
        return (bits & 0x8000) != 0 ? -magnitude : magnitude;
    }

    /// <summary>bfloat16 bits of a float32.</summary>
    public static ushort BrainFromSingle(float value)
    {
        uint bits = BitConverter.ToUInt32(BitConverter.GetBytes(value), 0);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The float32 of bfloat16 bits.</summary>
    public static float BrainToSingle(ushort bits) => BitConverter.ToSingle(BitConverter.GetBytes((uint)bits << 16), 0);
}
