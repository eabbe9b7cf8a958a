using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Converts blocks of elements from one type to another.</summary>
internal abstract unsafe class ElementConversion
{
    public abstract void Convert(byte* source, byte* destination, int count);

    /// <summary>The conversion, or null where there is none.</summary>
    public static ElementConversion? Create(ElementType from, ElementType to) => (from, to) switch
    {
        (ElementType.Float16, ElementType.Float32) => new HalfToSingleConversion(),
        (ElementType.BFloat16, ElementType.Float32) => new BFloat16ToSingleConversion(),
        (ElementType.Float32, ElementType.Float16) => new SingleToHalfConversion(),
        _ when IntegerElements.CanRead(from) && to == ElementType.Boolean => new IntegerToBooleanConversion(from),
        _ when IntegerElements.CanRead(from) && IntegerElements.CanWrite(to) => new IntegerConversion(from, to),
        _ when IntegerElements.CanRead(from) && FloatElements.CanWrite(to) => new IntegerToFloatConversion(from, to),
        _ when FloatElements.CanRead(from) && to == ElementType.Boolean => new FloatToBooleanConversion(from),
        _ when FloatElements.CanRead(from) && IntegerElements.CanWrite(to) => new FloatToIntegerConversion(from, to),
        _ when FloatElements.CanRead(from) && FloatElements.CanWrite(to) => new FloatConversion(from, to),
        _ => null,
    };
}
