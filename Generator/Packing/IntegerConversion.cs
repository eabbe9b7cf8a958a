using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Integer to integer; too large values wrap around.</summary>
internal sealed unsafe class IntegerConversion(ElementType from, ElementType to) : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        long* values = stackalloc long[count];
        IntegerElements.Read(from, source, values, count);
        IntegerElements.Write(to, values, destination, count);
    }
}
