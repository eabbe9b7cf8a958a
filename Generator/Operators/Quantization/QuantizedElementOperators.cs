using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft's operators on elements of quantised tensors: QLinearAdd, QLinearMul, QLinearLeakyRelu, QLinearSigmoid, QLinearWhere
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). They become DequantizeLinear, the operator on floating-point numbers and QuantizeLinear, which
/// fuse into one loop. Zero points may be omitted.
/// </summary>
internal sealed class QuantizedElementOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new QuantizedElementOperators("QLinearAdd"),
        new QuantizedElementOperators("QLinearMul"),
        new QuantizedElementOperators("QLinearLeakyRelu"),
        new QuantizedElementOperators("QLinearSigmoid"),
        new QuantizedElementOperators("QLinearWhere"),
    ];

    private QuantizedElementOperators(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        int first = Type == "QLinearWhere" ? 1 : 0;
        Shape shape = node.Input(first).Shape;
        if (Type is "QLinearAdd" or "QLinearMul" or "QLinearWhere")
        {
            shape = ShapeMath.Broadcast(node, shape, node.Input(first + 3).Shape, context);
        }

        context.SetType(node.Output, new TensorType(node.Input(first).ElementType, first == 0 ? shape : ShapeMath.Broadcast(node, shape, node.Input(0).Shape, context)));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Value Operand(int input) => LinearQuantization.Dequantize(context, node.Input(input), node.Input(input + 1), node.OptionalInput(input + 2));
        (Value result, int scale) = Type switch
        {
            "QLinearAdd" => (context.Add("Add", Operand(0), Operand(3)), 6),
            "QLinearMul" => (context.Add("Mul", Operand(0), Operand(3)), 6),
            "QLinearWhere" => (context.Add("Where", node.Input(0), Operand(1), Operand(4)), 7),
            "QLinearLeakyRelu" => (context.Add("LeakyRelu", [("alpha", node.FloatAttribute("alpha", 0.01f))], Operand(0)), 3),
            _ => (context.Add("Sigmoid", Operand(0)), 3),
        };
        context.Replace(node.Output, LinearQuantization.Quantize(context, result, node.Input(scale), node.Output.ElementType, node.OptionalInput(scale + 1)));
        return true;
    }
}
