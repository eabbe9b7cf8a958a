using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Add, Sub, Mul and Div: https://onnx.ai/onnx/operators/onnx__Add.html and its neighbours. Version 7 brought multidirectional broadcasting; before, the
/// attributes <c>broadcast</c> and <c>axis</c> aligned the second operand's shape to axes of the first. Versions 13 and 14 add element types.
/// </summary>
internal sealed class ArithmeticOperators : PointwiseOperator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ArithmeticOperators("Add", ElementOperation.Add),
        new ArithmeticOperators("Sub", ElementOperation.Subtract),
        new ArithmeticOperators("Mul", ElementOperation.Multiply),
        new ArithmeticOperators("Div", ElementOperation.Divide),
    ];

    private readonly ElementOperation _operation;

    private ArithmeticOperators(string type, ElementOperation operation)
    {
        Type = type;
        _operation = operation;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 6, 7, 13, 14];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        base.Infer(node, context);
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs) => Expression.Apply(_operation, inputs[0]!, inputs[1]!);
}
