using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// TopK: https://onnx.ai/onnx/operators/onnx__TopK.html. The k largest (or, from version 11 on, smallest) elements along an axis and their positions, sorted whether asked for or not,
/// the first position first among equals. k is an attribute in version 1 and an input from version 10 on.
/// </summary>
internal sealed class TopKOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TopKOperator()];

    public override string Type => "TopK";

    public override IReadOnlyList<int> Versions => [1, 10, 11, 24];

    public override void Infer(Node node, InferenceContext context)
    {
        SearchText.Require(node, 0);
        Value x = node.Input(0);
        int axis = Axis(node);
        Dimension count = node.Version < 10
            ? node.HasAttribute("k") ? node.IntegerAttribute("k", 0) : throw new ModelException(node, "attribute 'k' is missing")
            : context.RequiredElements(node, 1, "k") is [var element] ? element : throw new ModelException(node, $"k is {node.Input(1).Type} and not one number");
        if (count.Value < 0 || (count.Value is { } wanted && x.Shape[axis].Value is { } there && wanted > there))
        {
            throw ModelException.Contradiction(node, $"{count} elements are wanted of the {x.Shape[axis]} along axis {axis}");
        }

        context.RequireSizes(node, [count]);
        context.RequireAtMost(node, count, x.Shape[axis], $"wanted elements along axis {axis}");
        var shape = new Shape([.. x.Shape.Select((size, current) => current == axis ? count : size)]);
        for (int index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                context.SetType(output, new TensorType(index == 0 ? x.ElementType : ElementType.Int64, shape));
            }
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        (string, object)[] attributes = [.. node.Attributes.Values.Where(attribute => attribute.Name != "k").Select(attribute => (attribute.Name, attribute.Value))];
        Value count = node.OptionalInput(1) ?? context.Integers(node.IntegerAttribute("k", 0));
        context.AddWithOutputs("TopK", attributes, [wide, count], 2, out Node added);
        if (node.OptionalOutput(0) is { } values)
        {
            context.Replace(values, new Formula(context).Cast(added.Outputs[0]!, values.ElementType));
        }

        context.Replace(node.OptionalOutput(1), added.Outputs[1]!);
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        int axis = Axis(node);
        Shape shape = (node.OptionalOutput(0) ?? node.Outputs[1]!).Shape;
        View values = node.OptionalOutput(0) is { } first ? context.Write(first) : context.Scratch(node, from.ElementType, shape);
        View positions = node.OptionalOutput(1) is { } second ? context.Write(second) : context.Scratch(node, ElementType.Int64, shape);
        View scratch = context.Scratch(node, ElementType.Int64, from.Shape);
        string largest = KernelText.Boolean(node.Version < 11 || node.IntegerAttribute("largest", 1) != 0);
        context.Add(new Kernel("search", node, [from], [values, positions, scratch], writer => writer.Line(
            $"Search.Top(Workers, {writer.Pointer(from)}, {SearchText.Sizes(writer, from.Shape, axis)}, {writer.Size(shape[axis])}, {largest}, {writer.Pointer(values)}, {writer.Pointer(positions)}, {writer.Pointer(scratch)}, {KernelText.Name(node)});"))
        {
            Summary = $"{shape[axis]} along axis {axis} of {from.Shape}",
        });
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), node.Input(0).Shape.Rank);
}
