using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Conversions of floating-point types that netstandard2.0 does not have.</summary>
internal static unsafe class NarrowFloats
{
    private static readonly Lazy<float[]> HalfTable = new(static () => MakeTable(1 << 16, 5, 10, SpecialValues.Ieee));
    private static readonly Lazy<float[]> Float8E4M3FNTable = new(static () => MakeTable(1 << 8, 4, 3, SpecialValues.NotANumberAtEnd));
    private static readonly Lazy<float[]> Float8E4M3FNUZTable = new(static () => MakeTable(1 << 8, 4, 3, SpecialValues.NotANumberAtMinusZero));
    private static readonly Lazy<float[]> Float8E5M2Table = new(static () => MakeTable(1 << 8, 5, 2, SpecialValues.Ieee));
    private static readonly Lazy<float[]> Float8E5M2FNUZTable = new(static () => MakeTable(1 << 8, 5, 2, SpecialValues.NotANumberAtMinusZero));
    private static readonly Lazy<float[]> Float4E2M1Table = new(static () => MakeTable(1 << 4, 2, 1, SpecialValues.None));
    private static readonly Lazy<float[]> Float8E8M0Table = new(static () =>
        [.. Enumerable.Range(0, 256).Select(bits => bits == 255 ? float.NaN : (float)Math.Pow(2, bits - 127))]);

    private enum SpecialValues
    {
        /// <summary>The largest exponent means infinity or NaN.</summary>
        Ieee,

        /// <summary>All bits set means NaN; no infinity.</summary>
        NotANumberAtEnd,

        /// <summary>Minus zero means NaN; no infinity, and an exponent bias greater by one.</summary>
        NotANumberAtMinusZero,

        None,
    }

    /// <summary>The value of every bit pattern of a narrow type; null for other types.</summary>
    public static float[]? Values(ElementType type) => type switch
    {
        ElementType.Float16 => HalfTable.Value,
        ElementType.Float8E4M3FN => Float8E4M3FNTable.Value,
        ElementType.Float8E4M3FNUZ => Float8E4M3FNUZTable.Value,
        ElementType.Float8E5M2 => Float8E5M2Table.Value,
        ElementType.Float8E5M2FNUZ => Float8E5M2FNUZTable.Value,
        ElementType.Float8E8M0 => Float8E8M0Table.Value,
        ElementType.Float4E2M1 => Float4E2M1Table.Value,
        _ => null,
    };

    public static float FromBFloat16(ushort bits)
    {
        uint wide = (uint)bits << 16;
        return *(float*)&wide;
    }

    /// <summary>Rounds to the nearest bfloat16, ties to even; NaN stays NaN.</summary>
    public static ushort ToBFloat16(double value) => (ushort)ToNarrow(value, exponentBits: 8, mantissaBits: 7);

    /// <summary>Rounds to the nearest float16, ties to even; too large values become infinite, NaN stays NaN.</summary>
    public static ushort ToHalf(double value) => (ushort)ToNarrow(value, exponentBits: 5, mantissaBits: 10);

    private static uint ToNarrow(double value, int exponentBits, int mantissaBits)
    {
        int bias = (1 << (exponentBits - 1)) - 1;
        uint sign = (uint)((ulong)BitConverter.DoubleToInt64Bits(value) >> 63) << (exponentBits + mantissaBits);
        uint infinity = ((1u << exponentBits) - 1) << mantissaBits;
        if (double.IsNaN(value))
        {
            return sign | infinity | (1u << (mantissaBits - 1));
        }

        // Every narrow number is a multiple of the unit in the last place of its binade (or of the smallest subnormal), and that multiple is rounded exactly: scaling by a
        // power of two is exact, and Math.Round takes ties to even.
        double magnitude = Math.Abs(value);
        if (double.IsInfinity(magnitude))
        {
            return sign | infinity;
        }

        int exponent = (int)((BitConverter.DoubleToInt64Bits(magnitude) >> 52) & 0x7FF) - 1023;
        int scale = Math.Max(exponent, 1 - bias) - mantissaBits;
        double units = Math.Round(magnitude * PowerOfTwo(-scale));
        uint binade = (uint)(Math.Max(exponent, 1 - bias) + bias - 1);

        // The units carry the leading one of normal numbers, which adds one to the exponent field; rounding up to the next binade carries over by itself.
        uint bits = (binade << mantissaBits) + (uint)units;
        return exponent > bias || bits >= infinity ? sign | infinity : sign | bits;
    }

    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);

    private static float[] MakeTable(int patterns, int exponentBits, int mantissaBits, SpecialValues special)
    {
        float[] table = new float[patterns];
        int signBit = exponentBits + mantissaBits;
        int bias = (1 << (exponentBits - 1)) - 1 + (special == SpecialValues.NotANumberAtMinusZero ? 1 : 0);
        int largestExponent = (1 << exponentBits) - 1;
        for (int bits = 0; bits < patterns; bits++)
        {
            int exponent = (bits >> mantissaBits) & largestExponent;
            int mantissa = bits & ((1 << mantissaBits) - 1);
            double magnitude = exponent == 0
                ? mantissa * PowerOfTwo(1 - bias - mantissaBits)
                : (mantissa + (1 << mantissaBits)) * PowerOfTwo(exponent - bias - mantissaBits);
            float value = (float)(bits >> signBit == 0 ? magnitude : -magnitude);
            table[bits] = special switch
            {
                SpecialValues.Ieee when exponent == largestExponent => mantissa != 0 ? float.NaN : bits >> signBit == 0 ? float.PositiveInfinity : float.NegativeInfinity,
                SpecialValues.NotANumberAtEnd when (bits & ((1 << signBit) - 1)) == (1 << signBit) - 1 => float.NaN,
                SpecialValues.NotANumberAtMinusZero when bits == 1 << signBit => float.NaN,
                _ => value,
            };
        }

        return table;
    }
}
