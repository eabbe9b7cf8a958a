using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Expand: https://onnx.ai/onnx/operators/onnx__Expand.html. Broadcasts to a shape known at build time (both ways: a size of 1 keeps the input's): a view
/// whose repeated axes have stride 0.</summary>
internal sealed class ExpandOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ExpandOperator()];

    public override string Type => "Expand";

    public override IReadOnlyList<int> Versions => [8, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        Shape shape = ShapeMath.Broadcast(node, input.Shape, new Shape(context.RequiredElements(node, 1, "the shape")), context);
        if (shape.Any(size => size.Value < 0))
        {
            throw new ModelException(node, $"the shape {shape} has a negative size");
        }

        RequireFit(node, input.Shape, node.Input(1).Elements!, context);
        SetExpanded(node.Output, input, shape, context);
    }

    public override void Lower(Node node, LoweringContext context) => context.SetView(node.Output, context.Read(node.Input(0)).Broadcast(node.Output.Shape));

    /// <summary>Refuses runs whose data ask for a size that a known one cannot be broadcast to, or for a negative one.</summary>
    private static void RequireFit(Node node, Shape from, IReadOnlyList<Dimension> asked, InferenceContext context)
    {
        context.RequireSizes(node, asked);
        for (int axis = 0; axis < asked.Count; axis++)
        {
            int source = axis - (asked.Count - from.Rank);
            if (source >= 0 && from[source].Value is { } size && size != 1 && context.Symbols.DependsOnElements(asked[axis]))
            {
                context.Require((asked[axis] - size) * (asked[axis] - 1), 0, $"0 where {node} can expand {from} at axis {axis} to {asked[axis]}");
            }
        }
    }

    /// <summary>States that a value is another one broadcast to a shape.</summary>
    public static void SetExpanded(Value output, Value input, Shape shape, InferenceContext context)
    {
        var type = new TensorType(input.ElementType, shape);
        if (shape.IsStatic && input.Constant is { } constant && ConstantMoves.Broadcast(constant, shape) is { } expanded)
        {
            context.SetConstant(output, expanded);
        }
        else if (shape.Rank <= 1 && input.Elements is { } elements && shape.ElementCount.Value is { } count && count <= Folding.MaximumElements)
        {
            context.SetElements(output, type, elements.Count == count ? elements : [.. Enumerable.Repeat(elements[0], (int)count)]);
        }
        else
        {
            context.SetType(output, type);
        }
    }
}
