using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Every element times a number. Narrow types are multiplied in float32 and rounded once.</summary>
internal sealed unsafe class ScaleReader : ElementReader
{
    private readonly ElementReader _input;
    private readonly float _factor;

    public ScaleReader(ElementReader input, float factor)
        : base(input.ElementType, input.Count)
    {
        if (!input.ElementType.IsFloat())
        {
            throw new PackingException($"Weights of type {input.ElementType.OnnxName()} can't be scaled.");
        }

        _input = input;
        _factor = factor;
    }

    public override void Read(long first, long count, byte* destination)
    {
        _input.Read(first, count, destination);
        switch (ElementType)
        {
            case ElementType.Float32:
                Scale((float*)destination, count);
                break;
            case ElementType.Float64:
                Scale((double*)destination, count);
                break;
            case ElementType.Float16:
                ScaleHalf((ushort*)destination, count);
                break;
            default:
                ScaleBFloat16((ushort*)destination, count);
                break;
        }
    }

    private void Scale(float* elements, long count)
    {
        for (long index = 0; index < count; index++)
        {
            elements[index] *= _factor;
        }
    }

    private void Scale(double* elements, long count)
    {
        for (long index = 0; index < count; index++)
        {
            elements[index] *= _factor;
        }
    }

    private void ScaleHalf(ushort* elements, long count)
    {
        float[] values = NarrowFloats.Values(ElementType.Float16)!;
        for (long index = 0; index < count; index++)
        {
            elements[index] = NarrowFloats.ToHalf((float)(values[elements[index]] * _factor));
        }
    }

    private void ScaleBFloat16(ushort* elements, long count)
    {
        for (long index = 0; index < count; index++)
        {
            elements[index] = NarrowFloats.ToBFloat16((float)(NarrowFloats.FromBFloat16(elements[index]) * _factor));
        }
    }
}
