using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Products of integers: MatMulInteger and ConvInteger (https://onnx.ai/onnx/operators/onnx__MatMulInteger.html, https://onnx.ai/onnx/operators/onnx__ConvInteger.html) and, of
/// com.microsoft, MatMulInteger16, MatMulIntegerToFloat and DynamicQuantizeMatMul
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). All become cameo.IntegerMatMul or cameo.IntegerConv, with scales and bias as nodes behind.
/// </summary>
internal sealed class IntegerProductOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new IntegerProductOperators("MatMulInteger", "", 10),
        new IntegerProductOperators("ConvInteger", "", 10),
        new IntegerProductOperators("MatMulInteger16", PointwiseFunction.MicrosoftDomain, 1),
        new IntegerProductOperators("MatMulIntegerToFloat", PointwiseFunction.MicrosoftDomain, 1),
        new IntegerProductOperators("DynamicQuantizeMatMul", PointwiseFunction.MicrosoftDomain, 1),
    ];

    private IntegerProductOperators(string type, string domain, int version)
    {
        Type = type;
        Domain = domain;
        Versions = [version];
    }

    public override string Domain { get; }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Shape a = node.Input(0).Shape;
        Shape b = node.Input(1).Shape;
        context.SetType(node.Output, new TensorType(
            Type is "MatMulIntegerToFloat" or "DynamicQuantizeMatMul" ? node.Input(2).ElementType : ElementType.Int32,
            Type == "ConvInteger" ? ConvOperator.ResultShape(node, a, b, context) : MatMulOperator.ResultShape(node, a, b, context)));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Value a = node.Input(0);
        Value b = node.Input(1);
        context.Replace(node.Output, Type switch
        {
            "ConvInteger" => IntegerConvOperator.Write(context, node, ElementType.Int32, a, b, node.OptionalInput(2), node.OptionalInput(3)),
            "MatMulIntegerToFloat" => Scaled(node, context, a, node.Input(2), node.OptionalInput(4), node.Input(3), node.OptionalInput(5), node.OptionalInput(6)),
            "DynamicQuantizeMatMul" => Dynamic(node, context),
            _ => IntegerMatMulOperator.Write(context, ElementType.Int32, a, b, node.OptionalInput(2), node.OptionalInput(3)),
        });
        return true;
    }

    private static Value Dynamic(Node node, ExpansionContext context)
    {
        (Value a, Value scale, Value zero) = DynamicQuantizeLinearOperator.Quantize(context, node.Input(0));
        return Scaled(node, context, a, scale, zero, node.Input(2), node.OptionalInput(3), node.OptionalInput(4));
    }

    /// <summary>The product as floating-point numbers: sums · scales + bias.</summary>
    private static Value Scaled(Node node, ExpansionContext context, Value a, Value scaleA, Value? zeroA, Value scaleB, Value? zeroB, Value? bias)
    {
        var formula = new Formula(context);
        Value sums = IntegerMatMulOperator.Write(context, ElementType.Float32, a, node.Input(1), zeroA, zeroB);
        Value result = formula.Multiply(sums, IntegerMatMulOperator.Scale(context, a, scaleA, scaleB));
        if (bias is not null)
        {
            result = formula.Add(result, formula.Cast(bias, ElementType.Float32));
        }

        return formula.Cast(result, node.Output.ElementType);
    }
}
