using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Constant: https://onnx.ai/onnx/operators/onnx__Constant.html. Attribute <c>value</c> in all versions; <c>value_int</c>, <c>value_ints</c>, <c>value_float</c> <c>value_floats</c>,
/// <c>value_string</c> and <c>value_strings</c> from version 12 on. Sparse values are refused.</summary>
internal sealed class ConstantOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ConstantOperator()];

    public override string Type => "Constant";

    public override IReadOnlyList<int> Versions => [1, 9, 11, 12, 13, 19, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context) => context.SetConstant(node.Output, Value(node, context.Graph.Texts));

    private static ConstantTensor Value(Node node, TextTable texts)
    {
        if (node.TensorAttribute("value") is { } tensor)
        {
            return tensor;
        }

        if (node.HasAttribute("value_int"))
        {
            return ConstantElements.FromIntegers([node.IntegerAttribute("value_int", 0)], new TensorType(ElementType.Int64, Shape.Scalar));
        }

        if (node.IntegersAttribute("value_ints") is { } integers)
        {
            return ConstantElements.FromIntegers(integers);
        }

        if (node.HasAttribute("value_float"))
        {
            return ConstantElements.FromFloats([node.FloatAttribute("value_float", 0)], Shape.Scalar);
        }

        if (node.FloatsAttribute("value_floats") is { } floats)
        {
            return ConstantElements.FromFloats(floats, Shape.Of(floats.Length));
        }

        if (node.HasAttribute("value_string"))
        {
            return texts.Constant([node.StringAttribute("value_string", "")], Shape.Scalar);
        }

        if (node.StringsAttribute("value_strings") is { } list)
        {
            return texts.Constant(list, Shape.Of(list.Length));
        }

        throw ModelException.Unsupported(node, $"a value given by {string.Join(", ", node.Attributes.Keys.OrderBy(name => name, StringComparer.Ordinal).DefaultIfEmpty("no attribute"))} is not supported");
    }
}
