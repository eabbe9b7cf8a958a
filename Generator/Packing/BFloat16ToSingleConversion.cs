namespace Cameo.Generator.Packing;

/// <summary>A bfloat16 is the upper half of a float32.</summary>
internal sealed unsafe class BFloat16ToSingleConversion : ElementConversion
{
    public override void Convert(byte* source, byte* destination, int count)
    {
        ushort* from = (ushort*)source;
        uint* to = (uint*)destination;
        for (int index = 0; index < count; index++)
        {
            to[index] = (uint)from[index] << 16;
        }
    }
}
