using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ArgMax, ArgMin: https://onnx.ai/onnx/operators/onnx__ArgMax.html. The position of the extreme element along an axis, the first of equals unless
/// <c>select_last_index</c> (version 12 on) is set. Not a number counts as the most extreme.
/// </summary>
internal sealed class ArgumentOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ArgumentOperators("ArgMax"), new ArgumentOperators("ArgMin")];

    private ArgumentOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 11, 12, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        SearchText.Require(node, 0);
        Shape from = node.Input(0).Shape;
        int axis = Axis(node);
        if (from[axis].Value == 0)
        {
            throw new ModelException(node, $"axis {axis} of {from} has no elements");
        }

        bool keeps = node.IntegerAttribute("keepdims", 1) != 0;
        context.SetType(node.Output, new TensorType(ElementType.Int64, new Shape(
            [.. from.Select((size, current) => (Size: current == axis ? Dimension.One : size, Stays: keeps || current != axis)).Where(entry => entry.Stays).Select(entry => entry.Size)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, context.AddLike(node, wide));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        int axis = Axis(node);
        string last = KernelText.Boolean(node.IntegerAttribute("select_last_index", 0) != 0);
        context.Add(new Kernel("search", node, [from], [to], writer => writer.Line(
            $"Search.Extreme(Workers, {writer.Pointer(from)}, {SearchText.Sizes(writer, from.Shape, axis)}, {KernelText.Boolean(Type == "ArgMax")}, {last}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"along axis {axis} of {from.Shape}",
        });
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank);
}
