using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Makes constants and reads and writes their elements as <see cref="ElementEvaluator.Element"/>.</summary>
internal static class Folding
{
    /// <summary>Constants with more elements than this are not computed in the compiler.</summary>
    public const long MaximumElements = 4096;

    /// <summary>Whether elements of the type can be computed at build time.</summary>
    public static bool IsSupported(ElementType type) =>
        type.IsInteger() || type.IsFloat() || type is ElementType.Boolean or ElementType.String;

    public static InlineConstant ScalarConstant(double value, ElementType type)
    {
        if (!IsSupported(type))
        {
            throw new NotSupportedException($"literals of {type.OnnxName()}");
        }

        return FromElements([type.IsFloat() ? ElementEvaluator.Round(type, value, 0) : ElementEvaluator.Round(type, 0, (long)value)], new TensorType(type, Shape.Scalar));
    }

    public static ElementEvaluator.Element[] ReadElements(InlineConstant constant) => constant.Type.ElementType.IsFloat()
        ? [.. ConstantElements.ReadDoubles(constant).Select(number => new ElementEvaluator.Element(number, 0))]
        : [.. ConstantElements.ReadIntegers(constant).Select(integer => new ElementEvaluator.Element(0, integer))];

    public static InlineConstant FromElements(IReadOnlyList<ElementEvaluator.Element> elements, TensorType type) => type.ElementType switch
    {
        ElementType.Float32 => new InlineConstant(type, [.. elements.SelectMany(element => BitConverter.GetBytes((float)element.Float))]),
        ElementType.Float64 => new InlineConstant(type, [.. elements.SelectMany(element => BitConverter.GetBytes(element.Float))]),
        ElementType.Float16 => new InlineConstant(type, [.. elements.SelectMany(element => BitConverter.GetBytes(HalfPrecision.FromDouble(element.Float)))]),
        ElementType.BFloat16 => new InlineConstant(type, [.. elements.SelectMany(element => BitConverter.GetBytes(HalfPrecision.BrainFromSingle((float)element.Float)))]),
        _ => ConstantElements.FromIntegers([.. elements.Select(element => element.Integer)], type),
    };
}
