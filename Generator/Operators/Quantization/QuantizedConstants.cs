using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Quantised constants: changes of representation that keep the numbers, done at once for small ones and by packing for large ones.</summary>
internal static class QuantizedConstants
{
    /// <summary>Whether elements are smaller than a byte: in memory they take one each.</summary>
    public static bool IsPacked(ElementType type) => type is ElementType.Int4 or ElementType.UInt4 or ElementType.Int2 or ElementType.UInt2;

    /// <summary>The signed type of as many bits.</summary>
    public static ElementType Signed(ElementType type) => type switch
    {
        ElementType.UInt8 => ElementType.Int8,
        ElementType.UInt4 => ElementType.Int4,
        ElementType.UInt2 => ElementType.Int2,
        _ => type,
    };

    /// <summary>The unsigned type of 2, 4 or 8 bits.</summary>
    public static ElementType Unsigned(long bits) => bits switch
    {
        2 => ElementType.UInt2,
        4 => ElementType.UInt4,
        _ => ElementType.UInt8,
    };

    /// <summary>Bytes [.., n] as elements of a type [.., n · 8 / bits], lowest bits first.</summary>
    public static ConstantTensor Unpack(ConstantTensor bytes, ElementType type)
    {
        if (type.Bits() == 8)
        {
            return bytes;
        }

        var unpacked = new WeightUnpack(ConstantMoves.ToExpression(bytes), type);
        var tensorType = new TensorType(type, Shape.Of([.. unpacked.Shape]));
        if (bytes is not InlineConstant inline || unpacked.Count > Folding.MaximumElements)
        {
            return new WeightConstant(tensorType, unpacked);
        }

        int perByte = 8 / type.Bits();
        int mask = (1 << type.Bits()) - 1;
        return new InlineConstant(tensorType, [.. inline.Data.SelectMany(element => Enumerable.Range(0, perByte).Select(index => (byte)((element >> (index * type.Bits())) & mask)))]);
    }

    /// <summary>Bytes [.., n · size] as elements of a type of several bytes [.., n], lowest bytes first.</summary>
    public static ConstantTensor Reinterpret(ConstantTensor bytes, ElementType type)
    {
        var reinterpreted = new WeightReinterpret(ConstantMoves.ToExpression(bytes), type);
        var tensorType = new TensorType(type, Shape.Of([.. reinterpreted.Shape]));
        return bytes is InlineConstant inline ? new InlineConstant(tensorType, inline.Data) : new WeightConstant(tensorType, reinterpreted);
    }

    /// <summary>Elements of at most 8 bits plus a number, as elements of another such type.</summary>
    public static ConstantTensor Offset(ConstantTensor constant, int offset, ElementType type)
    {
        var tensorType = new TensorType(type, constant.Type.Shape);
        return constant is InlineConstant inline && !ConstantMoves.IsLarge(constant)
            ? new InlineConstant(tensorType, [.. inline.Data.Select(element => unchecked((byte)(element + offset)))])
            : new WeightConstant(tensorType, new WeightOffset(ConstantMoves.ToExpression(constant), offset, type));
    }

    /// <summary>A small constant of 4- or 2-bit integers as another type.</summary>
    public static InlineConstant Convert(InlineConstant constant, ElementType type)
    {
        bool isSigned = constant.Type.ElementType is ElementType.Int4 or ElementType.Int2;
        ElementEvaluator.Element[] elements = [.. constant.Data.Select(element => isSigned ? unchecked((sbyte)element) : (long)element).Select(number => ElementEvaluator.Round(type, number, number))];
        return Folding.FromElements(elements, new TensorType(type, constant.Type.Shape));
    }
}
