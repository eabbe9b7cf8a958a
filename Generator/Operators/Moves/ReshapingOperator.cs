using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>An operator that gives its first input's elements, in their order, another shape: a view wherever strides allow it.</summary>
internal abstract class ReshapingOperator : Operator
{
    /// <summary>The shape of the result; throws where the node is invalid.</summary>
    protected abstract Shape ResultShape(Node node, InferenceContext context);

    public override void Infer(Node node, InferenceContext context) => SetReshaped(node.Output, node.Input(0), ResultShape(node, context), context);

    public override void Lower(Node node, LoweringContext context) => context.SetView(node.Output, Reshape(node.Input(0), node.Output.Shape, context));

    /// <summary>A value as a view of another shape; copies only where strides demand it.</summary>
    public static View Reshape(Value value, Shape shape, LoweringContext context) =>
        context.Read(value).Reshape(shape) ?? context.ReadContiguous(value).Reshape(shape)!;

    /// <summary>States that a value has the elements of another one under a new shape.</summary>
    public static void SetReshaped(Value output, Value input, Shape shape, InferenceContext context)
    {
        var type = new TensorType(input.ElementType, shape);
        if (input.Constant is { } constant && shape.IsStatic)
        {
            context.SetConstant(output, ConstantMoves.Reshape(constant, shape));
        }
        else if (input.Elements is { } elements && shape.Rank <= 1)
        {
            context.SetElements(output, type, elements);
        }
        else
        {
            context.SetType(output, type);
        }
    }
}
