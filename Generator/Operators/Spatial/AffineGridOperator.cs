using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// AffineGrid: https://onnx.ai/onnx/operators/onnx__AffineGrid.html (version 20). Transformations [batch, axes, axes + 1] of the positions of an image of two or three axes, whose size may
/// be an input of the run. Floating-point numbers, 16-bit ones in float32. An axis of one element has the position -1 where corners are aligned, as in ONNX's function.
/// </summary>
internal sealed class AffineGridOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new AffineGridOperator()];

    public override string Type => "AffineGrid";

    public override IReadOnlyList<int> Versions => [20];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        SpatialText.RequireRank(node, 0, 3, "the transformations");
        SpatialText.RequireType(node, 1, ElementType.Int64);
        SpatialText.RequireRank(node, 1, 1, "the size");
        if (node.Input(1).Shape[0].Value is { } count && count is not (4 or 5))
        {
            throw new ModelException(node, $"the size has {count} numbers; expected are 4 or 5");
        }

        IReadOnlyList<Dimension> size = context.RequiredElements(node, 1, "the size");
        Shape shape = node.Input(0).Shape;
        int axes = size.Count - 2;
        SpatialText.RequireEqual(node, context, shape[0], size[0], "the numbers of transformations and images");
        SpatialText.RequireEqual(node, context, shape[1], axes, "the rows of a transformation and the axes of an image");
        SpatialText.RequireEqual(node, context, shape[2], axes + 1, "the columns of a transformation and the coordinates of a position");
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([shape[0], .. size.Skip(2), axes])));
    }

    public override bool Expand(Node node, ExpansionContext context) => SpatialText.Widen(node, context);

    public override void Lower(Node node, LoweringContext context)
    {
        View transformations = context.ReadContiguous(node.Input(0));
        View output = context.Write(node.Output);
        Shape shape = node.Output.Shape;
        string corners = KernelText.Boolean(node.IntegerAttribute("align_corners", 0) != 0);
        context.Add(new Kernel("affine grid", node, [transformations], [output], writer => writer.Line(
            $"AffineGrid.Run(Workers, {writer.Pointer(transformations)}, {writer.Size(shape[0])}, {KernelText.Sizes(writer, shape.Skip(1).Take(shape.Rank - 2))}, {corners}, {writer.Pointer(output)});"))
        {
            Summary = $"{shape}",
        });
    }
}
