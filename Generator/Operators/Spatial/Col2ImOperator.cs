using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Col2Im: https://onnx.ai/onnx/operators/onnx__Col2Im.html (version 18). Adds up blocks [batch, channels · block, blocks] where they lie in images of one to eight axes; sizes of images and blocks may be inputs of the
/// run. Numbers, 16-bit floating-point ones in float32.
/// </summary>
internal sealed class Col2ImOperator : Operator
{
    private const int MaximumAxes = 8;

    public static readonly IReadOnlyList<Operator> All = [new Col2ImOperator()];

    public override string Type => "Col2Im";

    public override IReadOnlyList<int> Versions => [18];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        SpatialText.RequireRank(node, 0, 3, "the columns");
        for (int input = 1; input <= 2; input++)
        {
            SpatialText.RequireType(node, input, ElementType.Int64);
            SpatialText.RequireRank(node, input, 1, "a list of sizes");
        }

        IReadOnlyList<Dimension> image = context.RequiredElements(node, 1, "the sizes of images"), block = context.RequiredElements(node, 2, "the sizes of blocks");
        if (image.Count != block.Count || image.Count is 0 or > MaximumAxes)
        {
            throw new ModelException(node, $"images of {image.Count} axes and blocks of {block.Count}; expected is the same number of 1 to {MaximumAxes}");
        }

        Shape columns = node.Input(0).Shape;
        (long[] strides, long[] dilations, long[] pads) = Attributes(node);
        Dimension elements = Dimension.One, blocks = Dimension.One;
        for (int axis = 0; axis < image.Count; axis++)
        {
            if (image[axis].Value < 0 || block[axis].Value < 1)
            {
                throw new ModelException(node, $"blocks of {block[axis]} elements in images of {image[axis]}");
            }

            Dimension room = image[axis] + pads[axis] + pads[axis + image.Count] - ((block[axis] - 1) * dilations[axis] + 1);
            elements *= block[axis];
            blocks *= SymbolicMath.Maximum(Dimension.Zero, Dimension.FloorDivide(room, strides[axis]) + 1, context.Symbols);
        }

        SpatialText.RequireEqual(node, context, columns[2], blocks, "the numbers of blocks in the columns and in an image");
        Dimension channels = Dimension.FloorDivide(columns[1], elements);
        SpatialText.RequireEqual(node, context, columns[1], channels * elements, "the rows of the columns and the elements of all blocks");
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([columns[0], channels, .. image])));
    }

    public override bool Expand(Node node, ExpansionContext context) => SpatialText.Widen(node, context);

    public override void Lower(Node node, LoweringContext context)
    {
        View columns = context.ReadContiguous(node.Input(0));
        View output = context.Write(node.Output);
        (long[] strides, long[] dilations, long[] pads) = Attributes(node);
        IReadOnlyList<Dimension> block = node.Input(2).Elements!;
        context.Add(new Kernel("columns to image", node, [columns], [output], writer => writer.Line(
            $"ColumnsToImage.Run(Workers, {writer.Pointer(columns)}, {writer.Size(output.Shape.Product(0, 2))}, {KernelText.Sizes(writer, output.Shape.Skip(2))}, {KernelText.Sizes(writer, block)}, " +
            $"[{string.Join(", ", strides)}], [{string.Join(", ", dilations)}], [{string.Join(", ", pads)}], {writer.Pointer(output)});"))
        {
            Summary = $"{columns.Shape} → {output.Shape}",
        });
    }

    private static (long[] Strides, long[] Dilations, long[] Pads) Attributes(Node node)
    {
        int axes = node.Input(1).Elements!.Count;
        return (WindowAxes.Attribute(node, "strides", axes, 1), WindowAxes.Attribute(node, "dilations", axes, 1), WindowAxes.Attribute(node, "pads", 2 * axes, 0));
    }
}
