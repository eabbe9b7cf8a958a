using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// An operator whose every output element is a function of the input elements at the same (broadcast) position. Such operators fuse with their
/// neighbours into one loop, or into the epilogue of a contraction.
/// </summary>
internal abstract class PointwiseOperator : Operator
{
    /// <summary>The output element in terms of the input elements (null where an optional input is omitted).</summary>
    public abstract Expression Express(Node node, IReadOnlyList<Expression?> inputs);

    /// <summary>Types the operator takes for its inputs are checked by overrides; the output's element type follows from <see cref="Express"/>.</summary>
    public override void Infer(Node node, InferenceContext context)
    {
        Shape shape = node.Inputs.Where(input => input is not null).Select(input => input!.Shape)
            .Aggregate(node.Input(0).Shape, (left, right) => ShapeMath.Broadcast(node, left, right, context));
        Expression expression = Express(node, [.. node.Inputs.Select((input, index) => input is null ? null : (Expression)new InputExpression(index, input.ElementType))]);
        context.SetType(node.Output, new TensorType(expression.Type, shape));
        PointwiseFolding.Fold(node, expression, context);
    }

    public override void Lower(Node node, LoweringContext context) => throw new InvalidOperationException("Pointwise operators are lowered by loop fusion.");
}
