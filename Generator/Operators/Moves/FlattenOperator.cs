using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Flatten: https://onnx.ai/onnx/operators/onnx__Flatten.html. All axes before <c>axis</c> (default 1) become one, all others the second; the axis may
/// be negative from version 11 on.</summary>
internal sealed class FlattenOperator : ReshapingOperator
{
    public static readonly IReadOnlyList<Operator> All = [new FlattenOperator()];

    public override string Type => "Flatten";

    public override IReadOnlyList<int> Versions => [1, 9, 11, 13, 21, 23, 24, 25];

    protected override Shape ResultShape(Node node, InferenceContext context)
    {
        Shape from = node.Input(0).Shape;
        long axis = node.IntegerAttribute("axis", 1);
        int split = axis == from.Rank ? from.Rank : ShapeMath.Axis(node, axis, from.Rank);
        return new Shape([from.Product(0, split), from.Product(split, from.Rank)]);
    }
}
