using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>ConstantOfShape: https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html. One value (default float32 0) everywhere; the shape must be known at build time.
/// Versions from 20 on add element types.</summary>
internal sealed class ConstantOfShapeOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ConstantOfShapeOperator()];

    public override string Type => "ConstantOfShape";

    public override IReadOnlyList<int> Versions => [9, 20, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context)
    {
        InlineConstant element = Element(node);
        var shape = new Shape(context.RequiredElements(node, 0, "the shape"));
        if (shape.Any(size => size.Value < 0))
        {
            throw new ModelException(node, $"the shape {shape} has a negative size");
        }

        context.RequireSizes(node, shape);
        var type = new TensorType(element.Type.ElementType, shape);
        if (shape.IsStatic)
        {
            context.SetConstant(node.Output, ConstantMoves.Broadcast(element, shape)!);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    /// <summary>The value repeated to a shape that is known when the model runs.</summary>
    public override bool Expand(Node node, ExpansionContext context)
    {
        Value element = context.Graph.AddConstant($"{node.Name}/value", Element(node));
        context.Replace(node.Output, context.Add("Expand", element, node.Input(0)));
        return true;
    }

    private static InlineConstant Element(Node node)
    {
        ConstantTensor? value = node.TensorAttribute("value");
        return value switch
        {
            null => Folding.ScalarConstant(0, ElementType.Float32),
            InlineConstant { Count: 1 } inline => (InlineConstant)ConstantMoves.Reshape(inline, Shape.Scalar),
            _ => throw new ModelException(node, $"attribute 'value' must have one element but has shape {value.Type.Shape}"),
        };
    }
}
