using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// NonMaxSuppression: https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html, versions 10 and 11. Boxes [batch, boxes, 4] and scores [batch, classes, boxes] in float32; the number of boxes of a
/// class and the thresholds may be data of the run. Without a number nothing is picked; without a score threshold every box can be. How many are picked is a size of the run.
/// </summary>
internal sealed class NonMaxSuppressionOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new NonMaxSuppressionOperator()];

    public override string Type => "NonMaxSuppression";

    public override IReadOnlyList<int> Versions => [10, 11];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape boxes = Shape(node, 0, "boxes"), scores = Shape(node, 1, "scores");
        RequireSame(node, boxes[0], scores[0], "batch", context);
        RequireSame(node, boxes[1], scores[2], "number of boxes", context);
        RequireSame(node, boxes[2], 4, "size of a box", context);
        RequireScalar(node, 2, ElementType.Int64, "the number of boxes of a class");
        RequireScalar(node, 3, ElementType.Float32, "the threshold of overlaps");
        RequireScalar(node, 4, ElementType.Float32, "the threshold of scores");
        if (node.IntegerAttribute("center_point_box", 0) is not (0 or 1) and var form)
        {
            throw new ModelException(node, $"attribute 'center_point_box' is {form}");
        }

        Dimension most = node.OptionalInput(2) is null ? Dimension.Zero
            : node.Input(2).Elements is [{ Value: { } limit }] ? SymbolicMath.Minimum(boxes[1], Math.Max(limit, 0), context.Symbols)
            : boxes[1];
        Dimension count = context.DataSize(node, "count", scores[0] * scores[1] * most);
        context.SetType(node.Output, new TensorType(ElementType.Int64, new Shape([count, 3])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View boxes = context.ReadContiguous(node.Input(0)), scores = context.ReadContiguous(node.Input(1));
        View?[] limits = [.. Enumerable.Range(2, 3).Select(input => node.OptionalInput(input) is { } value ? context.ReadContiguous(value) : null)];
        Dimension classes = scores.Shape[0] * scores.Shape[1];
        View picked = context.Scratch(node, ElementType.Int64, new Shape([classes, 2 * boxes.Shape[1]]));
        View counts = context.Scratch(node, ElementType.Int64, new Shape([classes]));
        View to = context.Write(node.Output);
        Dimension count = DataSizes.Of(node, "count");
        string SizesOf(KernelWriter writer) => $"{writer.Size(scores.Shape[0])}, {writer.Size(scores.Shape[1])}, {writer.Size(boxes.Shape[1])}";
        context.Add(new Kernel("nonmaxsuppression", node, [boxes, scores, .. limits.OfType<View>()], [picked, counts], writer =>
        {
            string Limit(int index, string otherwise) => limits[index] is { } limit ? $"*{writer.Pointer(limit)}" : otherwise;
            writer.Line($"var options = new SuppressionOptions({Limit(0, "0")}, {Limit(1, "0f")}, {Limit(2, "null")}, {KernelText.Boolean(node.IntegerAttribute("center_point_box", 0) != 0)});");
            writer.SetSize(count, $"NonMaxSuppression.Pick(Workers, {writer.Pointer(boxes)}, {writer.Pointer(scores)}, {SizesOf(writer)}, options, {writer.Pointer(picked)}, {writer.Pointer(counts)})");
        })
        {
            Sizes = DataSizes.Names(node),
            Summary = $"{boxes.Shape} by scores {scores.Shape}",
        });
        context.Add(new Kernel("write", node, [picked, counts], [to], writer => writer.Line(
            $"NonMaxSuppression.Write({SizesOf(writer)}, {writer.Pointer(picked)}, {writer.Pointer(counts)}, {writer.Pointer(to)});")));
    }

    private static Shape Shape(Node node, int input, string what) => node.Input(input).RequiredType is { ElementType: ElementType.Float32, Rank: 3 } type
        ? type.Shape
        : throw new ModelException(node, $"the {what} are {node.Input(input).Type} and not float32 of rank 3");

    private static void RequireSame(Node node, Dimension left, Dimension right, string what, InferenceContext context)
    {
        Dimension difference = left - right;
        if (difference.Value is { } known && known != 0)
        {
            throw new ModelException(node, $"boxes and scores differ in their {what}: {left} and {right}");
        }

        if (!difference.IsStatic)
        {
            context.Require(difference, 0, $"difference of boxes and scores of {node} in their {what}");
        }
    }

    private static void RequireScalar(Node node, int input, ElementType type, string what)
    {
        if (node.OptionalInput(input) is { } value && (value.ElementType != type || value.Shape.Rank > 1 || value.Shape.ElementCount.Value is not (null or 1)))
        {
            throw new ModelException(node, $"{what} is {value.Type} and not one {type.OnnxName()}");
        }
    }
}
