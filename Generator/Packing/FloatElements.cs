using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Floating-point numbers of every width as float64, which holds each of them exactly.</summary>
internal static unsafe class FloatElements
{
    public static bool CanRead(ElementType type) => CanWrite(type) || NarrowFloats.Values(type) is not null;

    public static bool CanWrite(ElementType type) => type.IsFloat();

    public static void Read(ElementType type, byte* source, double* values, int count)
    {
        float[]? table = NarrowFloats.Values(type);
        for (int index = 0; index < count; index++)
        {
            values[index] = type switch
            {
                ElementType.Float32 => ((float*)source)[index],
                ElementType.Float64 => ((double*)source)[index],
                ElementType.BFloat16 => NarrowFloats.FromBFloat16(((ushort*)source)[index]),
                ElementType.Float16 => table![((ushort*)source)[index]],
                _ => table![source[index]],
            };
        }
    }

    /// <summary>Rounds to the nearest number of the type, ties to even.</summary>
    public static void Write(ElementType type, double* values, byte* destination, int count)
    {
        for (int index = 0; index < count; index++)
        {
            switch (type)
            {
                case ElementType.Float32:
                    ((float*)destination)[index] = (float)values[index];
                    break;
                case ElementType.Float64:
                    ((double*)destination)[index] = values[index];
                    break;
                case ElementType.BFloat16:
                    ((ushort*)destination)[index] = NarrowFloats.ToBFloat16(values[index]);
                    break;
                default:
                    ((ushort*)destination)[index] = NarrowFloats.ToHalf(values[index]);
                    break;
            }
        }
    }
}
