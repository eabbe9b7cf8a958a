using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Floating point to integer, cut toward zero. ONNX leaves values beyond the type's range open: as in .NET, they become its limits in 32 and 64 bits, NaN becomes zero,
/// and narrower types take the low bits of the 32-bit result.
/// </summary>
internal sealed unsafe class FloatToIntegerConversion(ElementType from, ElementType to) : ElementConversion
{
    // The least numbers beyond the types' ranges; all are exact.
    private const double EndOfInt64 = 9223372036854775808.0;
    private const double EndOfUInt64 = 18446744073709551616.0;

    public override void Convert(byte* source, byte* destination, int count)
    {
        double* values = stackalloc double[count];
        FloatElements.Read(from, source, values, count);
        long* integers = (long*)values;
        for (int index = 0; index < count; index++)
        {
            double value = values[index];
            integers[index] = double.IsNaN(value) ? 0 : to switch
            {
                ElementType.Int64 => value >= EndOfInt64 ? long.MaxValue : value < -EndOfInt64 ? long.MinValue : (long)value,
                ElementType.UInt64 => ToUInt64(value),
                ElementType.UInt32 => (long)Math.Min(Math.Max(value, 0), uint.MaxValue),
                _ => (long)Math.Min(Math.Max(value, int.MinValue), int.MaxValue),
            };
        }

        IntegerElements.Write(to, integers, destination, count);
    }

    private static long ToUInt64(double value)
    {
        if (value >= EndOfInt64)
        {
            return value >= EndOfUInt64 ? -1 : (long)(value - EndOfInt64) | long.MinValue;
        }

        return value <= 0 ? 0 : (long)value;
    }
}
