using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Products of quantised tensors with a quantised result: QLinearMatMul, QLinearConv (https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html,
/// https://onnx.ai/onnx/operators/onnx__QLinearConv.html), and com.microsoft's QGemm and QLinearConv, which knows <c>channels_last</c>. They become cameo.IntegerMatMul or
/// cameo.IntegerConv with bias, scales and requantisation behind. QGemm without an output scale gives floating-point numbers.
/// </summary>
internal sealed class QuantizedProductOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new QuantizedProductOperators("QLinearMatMul", "", 10, 21),
        new QuantizedProductOperators("QLinearConv", "", 10),
        new QuantizedProductOperators("QLinearConv", PointwiseFunction.MicrosoftDomain, 1),
        new QuantizedProductOperators("QGemm", PointwiseFunction.MicrosoftDomain, 1),
    ];

    private QuantizedProductOperators(string type, string domain, params int[] versions)
    {
        Type = type;
        Domain = domain;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private static bool IsChannelsLast(Node node) => node.IntegerAttribute("channels_last", 0) != 0;

    public override void Infer(Node node, InferenceContext context)
    {
        Shape a = node.Input(0).Shape;
        Shape b = node.Input(3).Shape;
        switch (Type)
        {
            case "QLinearMatMul":
                context.SetType(node.Output, new TensorType(node.Input(7).ElementType, MatMulOperator.ResultShape(node, a, b, context)));
                break;
            case "QGemm":
                if (a.Rank != 2 || b.Rank != 2)
                {
                    throw new ModelException(node, $"matrices are needed, but the shapes are {a} and {b}");
                }

                ElementType type = node.OptionalInput(7) is null ? ElementType.Float32 : node.OptionalInput(8)?.ElementType ?? node.Input(0).ElementType;
                context.SetType(node.Output, new TensorType(type, MatMulOperator.ResultShape(node, Oriented(node, a, "transA"), Oriented(node, b, "transB"), context)));
                break;
            default:
                Shape shape = IsChannelsLast(node)
                    ? ChannelsLast.ToLast(ConvOperator.ResultShape(node, ChannelsLast.ToFirst(a), b, context))
                    : ConvOperator.ResultShape(node, a, b, context);
                context.SetType(node.Output, new TensorType(node.Input(7).ElementType, shape));
                break;
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        context.Replace(node.Output, Type switch
        {
            "QLinearMatMul" => MatMul(node, context),
            "QGemm" => Gemm(node, context),
            _ => Conv(node, context),
        });
        return true;
    }

    private static Value MatMul(Node node, ExpansionContext context)
    {
        Value a = node.Input(0);
        Value sums = IntegerMatMulOperator.Write(context, ElementType.Float32, a, node.Input(3), node.Input(2), node.Input(5));
        return Requantize(context, sums, IntegerMatMulOperator.Scale(context, a, node.Input(1), node.Input(4)), node.Input(6), node.Input(7), node.Output.ElementType);
    }

    private static Value Gemm(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value a = node.IntegerAttribute("transA", 0) != 0 ? formula.Transpose(node.Input(0), 1, 0) : node.Input(0);
        Value b = node.IntegerAttribute("transB", 0) != 0 ? formula.Transpose(node.Input(3), 1, 0) : node.Input(3);
        Value sums = IntegerMatMulOperator.Write(context, ElementType.Float32, a, b, node.OptionalInput(2), node.OptionalInput(5));
        if (node.OptionalInput(6) is { } c)
        {
            sums = formula.Add(sums, formula.Cast(c, ElementType.Float32));
        }

        Value scale = IntegerMatMulOperator.Scale(context, a, node.Input(1), node.Input(4));
        float alpha = node.FloatAttribute("alpha", 1);
        scale = alpha == 1 ? scale : formula.Multiply(scale, formula.Number(alpha, scale));
        return node.OptionalInput(7) is { } resultScale
            ? Requantize(context, sums, scale, resultScale, node.OptionalInput(8), node.Output.ElementType)
            : formula.Multiply(sums, scale);
    }

    private static Value Conv(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = IsChannelsLast(node) ? ChannelsLast.ToFirst(formula, node.Input(0)) : node.Input(0);
        Value sums = IntegerConvOperator.Write(context, node, ElementType.Float32, x, node.Input(3), node.Input(2), node.Input(5));
        int rank = sums.Shape.Rank;
        if (node.OptionalInput(8) is { } bias)
        {
            sums = formula.Add(sums, formula.AlongAxis(formula.Cast(bias, ElementType.Float32), 1, rank));
        }

        Value scale = formula.Multiply(LinearQuantization.Scalar(formula, node.Input(1)), LinearQuantization.Scalar(formula, node.Input(4)));
        scale = scale.Shape.Rank == 0 ? scale : formula.AlongAxis(scale, 1, rank);
        Value result = Requantize(context, sums, scale, node.Input(6), node.Input(7), node.Output.ElementType);
        return IsChannelsLast(node) ? ChannelsLast.ToLast(formula, result) : result;
    }

    private static Value Requantize(ExpansionContext context, Value sums, Value scale, Value resultScale, Value? zero, ElementType type)
    {
        var formula = new Formula(context);
        Value factor = formula.Divide(scale, LinearQuantization.Scalar(formula, formula.Cast(resultScale, ElementType.Float32)));
        return LinearQuantization.Requantize(context, sums, factor, zero, type);
    }

    private static Shape Oriented(Node node, Shape matrix, string attribute) => node.IntegerAttribute(attribute, 0) != 0 ? new Shape([matrix[1], matrix[0]]) : matrix;
}
