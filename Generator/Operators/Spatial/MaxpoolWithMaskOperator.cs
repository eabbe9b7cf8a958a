using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.MaxpoolWithMask (internal to ONNX Runtime): MaxPool of float32 under a mask of int32. Nothing counts from the first element on that the mask hides in a row of a window,
/// but for the first element of an image. A mask of fewer images or channels is used again.
/// </summary>
internal sealed class MaxpoolWithMaskOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MaxpoolWithMaskOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MaxpoolWithMask";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        SpatialText.RequireType(node, 0, ElementType.Float32);
        SpatialText.RequireType(node, 1, ElementType.Int32);
        Shape x = node.Input(0).Shape;
        Shape result = PoolOperators.ResultShape(node, x, context.Symbols);
        SpatialText.RequireRank(node, 1, x.Rank, "the mask");
        for (int axis = 2; axis < x.Rank; axis++)
        {
            SpatialText.RequireEqual(node, context, node.Input(1).Shape[axis], x[axis], $"the sizes of the mask and of the input in axis {axis}");
        }

        context.RequireNonzero(node.Input(1).Shape.Product(0, 2), $"images and channels of the mask of {node}");
        context.SetType(node.Output, new TensorType(ElementType.Float32, result));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        View mask = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        IReadOnlyList<WindowAxis> axes = PoolOperators.Axes(node, input.Shape, context.Graph.Symbols);
        context.Add(new Kernel("pool", node, [input, mask], [output], writer =>
        {
            writer.Line($"var shape = new PoolingShape({KernelText.Int(writer, input.Shape[0])}, {KernelText.Int(writer, input.Shape[1])}, {WindowAxes.Format(writer, axes)});");
            writer.Line($"MaskedPooling.Maximum(Workers, shape, {writer.Pointer(input)}, {writer.Pointer(mask)}, {writer.Size(mask.Shape.Product(0, 2))}, {writer.Pointer(output)});");
        })
        {
            Summary = $"{input.Shape} → {output.Shape}",
        });
    }
}
