using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Smallest and largest number of an integer type that values are quantised to.</summary>
internal readonly record struct QuantizedRange(double Low, double High)
{
    /// <summary>The range of a type; null where values are not quantised to it.</summary>
    public static QuantizedRange? TryFind(ElementType type) => type switch
    {
        ElementType.UInt8 => new(0, 255),
        ElementType.Int8 => new(-128, 127),
        ElementType.UInt16 => new(0, 65535),
        ElementType.Int16 => new(-32768, 32767),
        ElementType.Int32 => new(int.MinValue, int.MaxValue),
        ElementType.UInt4 => new(0, 15),
        ElementType.Int4 => new(-8, 7),
        ElementType.UInt2 => new(0, 3),
        ElementType.Int2 => new(-2, 1),
        _ => null,
    };
}
