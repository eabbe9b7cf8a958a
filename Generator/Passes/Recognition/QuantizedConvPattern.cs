using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Convolutions of quantised images with quantised constant weights.
/// <para>Before: <c>a = DequantizeLinear(q, sa, za); f = DequantizeLinear(w, s, z); y = Conv(a, f, b)</c>.
/// After: <c>i = cameo.IntegerConv(q, w, za, z); m = Mul(i, sa · s); y = Add(m, b)</c>.</para>
/// </summary>
internal sealed class QuantizedConvPattern : Pattern
{
    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "Conv" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (QuantizedMatMulPattern.ByteActivation(node.Input(0)) is not { } activation || node.Input(1).Producer is not { Type: "DequantizeLinear" } weights
            || node.Output.ElementType != ElementType.Float32)
        {
            return;
        }

        if (Obstacle(weights) is { } obstacle)
        {
            context.Miss(PatternNames.QuantizedProduct, node, obstacle);
            return;
        }

        Value[] inputs = [.. activation.Inputs.Concat(weights.Inputs).Append(node.OptionalInput(2)).OfType<Value>()];
        ExpansionContext nodes = context.Rewrite(node.Output, inputs).Nodes;
        var formula = new Formula(nodes);
        Value sums = IntegerConvOperator.Write(nodes, node, ElementType.Float32, activation.Input(0), weights.Input(0), activation.OptionalInput(2), weights.OptionalInput(2));
        int rank = sums.Shape.Rank;
        Value scale = formula.Multiply(LinearQuantization.Scalar(formula, activation.Input(1)), LinearQuantization.Scalar(formula, weights.Input(1)));
        Value result = formula.Multiply(sums, scale.Shape.Rank == 0 ? scale : formula.AlongAxis(scale, 1, rank));
        if (node.OptionalInput(2) is { } bias)
        {
            result = formula.Add(result, formula.AlongAxis(bias, 1, rank));
        }

        context.Recognize(PatternNames.QuantizedProduct, sums);
        context.Graph.ReplaceUses(node.Output, result);
    }

    private static string? Obstacle(Node weights)
    {
        Value w = weights.Input(0);
        bool isPerChannel = weights.Input(1).Shape.ElementCount.Value == 1 || LinearQuantizationOperators.Axis(weights) == 0;
        return !w.IsConstant ? "the quantised weights are computed at run time"
            : w.ElementType is not (ElementType.Int8 or ElementType.UInt8) ? $"the quantised weights are of type {w.ElementType.OnnxName()}"
            : !isPerChannel || LinearQuantizationOperators.BlockSize(weights) != 0 ? "the weights have other scales than one for all or one an output channel"
            : null;
    }
}
