using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Shape and Size: https://onnx.ai/onnx/operators/onnx__Shape.html, https://onnx.ai/onnx/operators/onnx__Size.html. Their values are expressions over the model's
/// dimensions. From version 15 on Shape has <c>start</c> and <c>end</c>, clamped to the rank.
/// </summary>
internal sealed class ShapeOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ShapeOperators("Shape", [1, 13, 15, 19, 21, 23, 24, 25]),
        new ShapeOperators("Size", [1, 13, 19, 21, 23, 24, 25]),
    ];

    private ShapeOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Shape shape = node.Input(0).Shape;
        if (Type == "Size")
        {
            context.SetElements(node.Output, new TensorType(ElementType.Int64, Shape.Scalar), [shape.ElementCount]);
            return;
        }

        int start = Position(node.IntegerAttribute("start", 0), shape.Rank);
        int end = Position(node.IntegerAttribute("end", shape.Rank), shape.Rank);
        Dimension[] sizes = [.. shape.Skip(start).Take(Math.Max(0, end - start))];
        context.SetElements(node.Output, new TensorType(ElementType.Int64, Shape.Of(sizes.Length)), sizes);
    }

    private static int Position(long axis, int rank) => (int)Math.Min(Math.Max(axis < 0 ? axis + rank : axis, 0), rank);
}
