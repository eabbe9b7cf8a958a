using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Integer to floating point, rounded to the nearest.</summary>
internal sealed unsafe class IntegerToFloatConversion(ElementType from, ElementType to) : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        long* values = stackalloc long[count];
        IntegerElements.Read(from, source, values, count);
        double* floats = (double*)values;
        for (int index = 0; index < count; index++)
        {
            floats[index] = to == ElementType.Float64 ? ToDouble(values[index]) : ToOddDouble(values[index]);
        }

        FloatElements.Write(to, floats, destination, count);
    }

    private double ToDouble(long value) => from == ElementType.UInt64 ? (ulong)value : value;

    /// <summary>
    /// The double of a value that will be rounded once more: bits that a double can't hold only set its last bit, so that the second rounding sees on which side
    /// of a tie the value lies.
    /// </summary>
    private double ToOddDouble(long value)
    {
        bool negative = from != ElementType.UInt64 && value < 0;
        ulong magnitude = negative ? unchecked((ulong)-value) : (ulong)value;
        const int SpareBits = 11;
        if (magnitude >> (64 - SpareBits) != 0)
        {
            const ulong Lost = (1UL << SpareBits) - 1;
            bool inexact = (magnitude & Lost) != 0;
            magnitude = (magnitude & ~Lost) | (inexact ? 1UL << SpareBits : 0);
        }

        double result = magnitude;
        return negative ? -result : result;
    }
}
