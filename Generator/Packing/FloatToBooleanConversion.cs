using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Everything but zero is true, NaN as well.</summary>
internal sealed unsafe class FloatToBooleanConversion(ElementType from) : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        double* values = stackalloc double[count];
        FloatElements.Read(from, source, values, count);
        for (int index = 0; index < count; index++)
        {
            destination[index] = values[index] != 0 ? (byte)1 : (byte)0;
        }
    }
}
