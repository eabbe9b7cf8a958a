using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Clip: https://onnx.ai/onnx/operators/onnx__Clip.html. Up to version 10 the bounds are the attributes <c>min</c> and <c>max</c>, from 11 on optional scalar
/// inputs; from 12 on integers are taken. A NaN stays a NaN; where the bounds contradict each other the upper one wins.
/// </summary>
internal sealed class ClipOperator : PointwiseOperator
{
    public static readonly IReadOnlyList<Operator> All = [new ClipOperator()];

    public override string Type => "Clip";

    public override IReadOnlyList<int> Versions => [1, 6, 11, 12, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        for (int input = 1; input < node.Inputs.Count; input++)
        {
            if (node.OptionalInput(input) is { } bound)
            {
                ElementTypeSet.RequireEqual(node, 0, input);
                if (bound.Shape.ElementCount.Value != 1 || bound.Shape.Rank > Math.Max(1, node.Input(0).Shape.Rank))
                {
                    throw new ModelException(node, $"input {input} (a bound) must be a scalar but has shape {bound.Shape}");
                }
            }
        }

        base.Infer(node, context);
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs)
    {
        Expression x = inputs[0]!;
        Expression? low = Bound(node, inputs, 1, "min");
        Expression? high = Bound(node, inputs, 2, "max");
        x = low is null ? x : Expression.Maximum(x, low);
        return high is null ? x : Expression.Minimum(x, high);
    }

    private static Expression? Bound(Node node, IReadOnlyList<Expression?> inputs, int input, string attribute)
    {
        if (node.Version >= 11)
        {
            return input < inputs.Count ? inputs[input] : null;
        }

        return node.HasAttribute(attribute) ? Expression.Constant(node.FloatAttribute(attribute, 0), inputs[0]!.Type) : null;
    }
}
