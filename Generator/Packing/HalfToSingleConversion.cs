using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>The most frequent cast of large weights, by table.</summary>
internal sealed unsafe class HalfToSingleConversion : ElementConversion
{
    private readonly float[] _values = NarrowFloats.Values(ElementType.Float16)!;

    public override void Convert(byte* source, byte* destination, int count)
    {
        ushort* from = (ushort*)source;
        float* to = (float*)destination;
        fixed (float* values = _values)
        {
            for (int index = 0; index < count; index++)
            {
                to[index] = values[from[index]];
            }
        }
    }
}
