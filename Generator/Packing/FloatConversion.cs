using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Floating point to floating point, rounded to the nearest, ties to even.</summary>
internal sealed unsafe class FloatConversion(ElementType from, ElementType to) : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        double* values = stackalloc double[count];
        FloatElements.Read(from, source, values, count);
        FloatElements.Write(to, values, destination, count);
    }
}
