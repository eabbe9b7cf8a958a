using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Integers and booleans of every width as 64-bit integers; uint64 keeps its bits.</summary>
internal static unsafe class IntegerElements
{
    public static bool CanRead(ElementType type) => CanWrite(type)
        || type is ElementType.Boolean or ElementType.Int4 or ElementType.UInt4 or ElementType.Int2 or ElementType.UInt2;

    public static bool CanWrite(ElementType type) => type.IsInteger();

    public static void Read(ElementType type, byte* source, long* values, int count)
    {
        for (int index = 0; index < count; index++)
        {
            values[index] = type switch
            {
                ElementType.Int8 or ElementType.Int4 or ElementType.Int2 => ((sbyte*)source)[index],
                ElementType.Boolean => source[index] == 0 ? 0 : 1,
                ElementType.Int16 => ((short*)source)[index],
                ElementType.UInt16 => ((ushort*)source)[index],
                ElementType.Int32 => ((int*)source)[index],
                ElementType.UInt32 => ((uint*)source)[index],
                ElementType.Int64 or ElementType.UInt64 => ((long*)source)[index],
                _ => source[index],
            };
        }
    }

    /// <summary>Too large values wrap around.</summary>
    public static void Write(ElementType type, long* values, byte* destination, int count)
    {
        unchecked
        {
            for (int index = 0; index < count; index++)
            {
                switch (type.Bytes())
                {
                    case 1:
                        destination[index] = (byte)values[index];
                        break;
                    case 2:
                        ((ushort*)destination)[index] = (ushort)values[index];
                        break;
                    case 4:
                        ((uint*)destination)[index] = (uint)values[index];
                        break;
                    default:
                        ((long*)destination)[index] = values[index];
                        break;
                }
            }
        }
    }
}
