using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Compress: https://onnx.ai/onnx/operators/onnx__Compress.html, versions 9 and 11 (negative axes). The slices along an axis, or elements of the whole without one, for which a condition of rank 1
/// holds. A condition may be shorter; one that holds beyond the axis is refused by the run. Any element type of fixed size.
/// </summary>
internal sealed class CompressOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new CompressOperator()];

    public override string Type => "Compress";

    public override IReadOnlyList<int> Versions => [9, 11];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        Value x = node.Input(0);
        if (node.Input(1).RequiredType is { ElementType: not ElementType.Boolean } or { Rank: not 1 })
        {
            throw new ModelException(node, $"the condition is {node.Input(1).Type} and not a list of booleans");
        }

        int? axis = Axis(node);
        Dimension size = axis is { } along ? x.Shape[along] : x.Shape.ElementCount;
        Dimension count = node.Input(1).Elements is { } flags && flags.All(flag => flag.IsStatic) && size.Value >= flags.Count
            ? flags.Count(flag => flag.Constant != 0)
            : context.DataSize(node, "count", SymbolicMath.Minimum(size, node.Input(1).Shape[0], context.Symbols));
        context.SetType(node.Output, new TensorType(x.ElementType, axis is null ? new Shape([count]) : new Shape([.. x.Shape.Select((other, index) => index == axis ? count : other)])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View condition = context.ReadContiguous(node.Input(1));
        View to = context.Write(node.Output);
        Shape shape = Axis(node) is null ? new Shape([from.Shape.ElementCount]) : from.Shape;
        int axis = Axis(node) ?? 0;
        Dimension count = to.Shape[axis];
        Dimension sliceBytes = shape.Product(axis + 1, shape.Rank) * from.ElementType.Bytes();
        if (!count.IsStatic)
        {
            context.Add(new Kernel("count", node, [condition], [], writer => writer.SetSize(
                count, $"Compress.Count({writer.Pointer(condition)}, {writer.Size(condition.Shape[0])}, {writer.Size(shape[axis])}, {KernelText.Name(node)})"))
            {
                Sizes = DataSizes.Names(node),
            });
        }

        context.Add(new Kernel("compress", node, [condition, from], [to], writer => writer.Line(
            $"Compress.Run(Workers, {writer.Pointer(condition)}, {writer.Size(condition.Shape[0])}, {KernelText.Bytes(writer, from)}, {writer.Size(shape.Product(0, axis))}, {writer.Size(shape[axis])}, " +
            $"{writer.Size(sliceBytes)}, {writer.Size(count)}, {KernelText.Bytes(writer, to)});"))
        {
            Summary = $"slices of {shape} along axis {axis}",
        });
    }

    private static int? Axis(Node node)
    {
        if (!node.HasAttribute("axis"))
        {
            return null;
        }

        long axis = node.IntegerAttribute("axis", 0);
        return node.Version < 11 && axis < 0 ? throw new ModelException(node, $"axis {axis} is negative, which opset {node.Version} does not know") : ShapeMath.Axis(node, axis, node.Input(0).Shape.Rank);
    }
}
