using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Where: https://onnx.ai/onnx/operators/onnx__Where.html. Takes its result's elements from one of two inputs, of any type that moves (version 16 adds bfloat16).
/// </summary>
internal sealed class WhereOperator : PointwiseOperator
{
    public static readonly IReadOnlyList<Operator> All = [new WhereOperator()];

    public override string Type => "Where";

    public override IReadOnlyList<int> Versions => [9, 16];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Booleans.Require(node, 0);
        ElementTypeSet.Movable.Require(node, 1);
        ElementTypeSet.RequireEqual(node, 1, 2);
        base.Infer(node, context);
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs) => Expression.Select(inputs[0]!, inputs[1]!, inputs[2]!);
}
