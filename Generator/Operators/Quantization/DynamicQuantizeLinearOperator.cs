using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// DynamicQuantizeLinear: https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html. The range of the data, with 0 in it, is spread over uint8. Data that is 0
/// throughout gets the scale 1, as ONNX Runtime does it, where the specification would divide by zero.
/// </summary>
internal sealed class DynamicQuantizeLinearOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new DynamicQuantizeLinearOperator()];

    public override string Type => "DynamicQuantizeLinear";

    public override IReadOnlyList<int> Versions => [11];

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        ElementTypeSet.Floating.Require(node, 0);
        context.SetType(node.Output, new TensorType(ElementType.UInt8, x.Shape));
        if (node.OptionalOutput(1) is { } scale)
        {
            context.SetType(scale, new TensorType(ElementType.Float32, Shape.Scalar));
        }

        if (node.OptionalOutput(2) is { } zero)
        {
            context.SetType(zero, new TensorType(ElementType.UInt8, Shape.Scalar));
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        (Value y, Value scale, Value zero) = Quantize(context, node.Input(0));
        context.Replace(node.OptionalOutput(0), y);
        context.Replace(node.OptionalOutput(1), scale);
        context.Replace(node.OptionalOutput(2), zero);
        return true;
    }

    /// <summary>The quantised tensor, its scale and its zero point.</summary>
    public static (Value Y, Value Scale, Value Zero) Quantize(ExpansionContext context, Value input)
    {
        var formula = new Formula(context);
        Value x = formula.Cast(input, ElementType.Float32);
        int[] axes = [.. Enumerable.Range(0, x.Shape.Rank)];
        Value none = formula.Number(0, x);
        Value low = context.Add("Min", formula.Reduce("ReduceMin", x, axes, keepsAxes: false), none);
        Value high = context.Add("Max", formula.Reduce("ReduceMax", x, axes, keepsAxes: false), none);
        Value range = formula.Divide(formula.Subtract(high, low), formula.Number(255, x));
        Value scale = formula.Where(context.Add("Equal", range, none), formula.Number(1, x), range);
        Value zero = formula.Apply("Round", context.Add("Clip", formula.Divide(formula.Apply("Neg", low), scale), none, formula.Number(255, x)));
        Value y = formula.Cast(LinearQuantization.Quantize(context, x, scale, zero, ElementType.UInt8), ElementType.UInt8);
        return (y, scale, formula.Cast(zero, ElementType.UInt8));
    }
}
