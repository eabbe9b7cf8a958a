using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Everything but zero is true.</summary>
internal sealed unsafe class IntegerToBooleanConversion(ElementType from) : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        long* values = stackalloc long[count];
        IntegerElements.Read(from, source, values, count);
        for (int index = 0; index < count; index++)
        {
            destination[index] = values[index] != 0 ? (byte)1 : (byte)0;
        }
    }
}
