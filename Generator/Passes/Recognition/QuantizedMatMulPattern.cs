using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Products with narrow weights.
/// <para>Before: <c>f = DequantizeLinear(w, s, z); y = MatMul(x, f)</c>. After: <c>y = cameo.QuantizedMatMul(x, w, s, z)</c>.</para>
/// <para>Before: <c>a = DequantizeLinear(q, sa, za); f = DequantizeLinear(w, s, z); y = MatMul(a, f)</c> with 8-bit q and w, and one scale for q.
/// After: <c>i = cameo.IntegerMatMul(q, w, za, z); y = Mul(i, sa · s)</c>.</para>
/// Constant float16 and bfloat16 weights count as narrow as well; the product is then accumulated in float32 and converted at the end.
/// </summary>
internal sealed class QuantizedMatMulPattern : Pattern
{
    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "MatMul" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        DequantizedMatrix? matrix = DequantizedMatrix.Find(node.Input(1), out string? obstacle);
        if (matrix is null)
        {
            if (obstacle is not null)
            {
                context.Miss(PatternNames.QuantizedProduct, node, obstacle);
            }

            return;
        }

        Value a = QuantizedMatMulOperator.Activations(node.Input(0));
        if (!matrix.IsConstant || a.Shape.Rank < 1 || !a.ElementType.IsFloat() || a.ElementType == ElementType.Float64)
        {
            return;
        }

        Node? activation = IntegerActivation(a, matrix);
        Rewriting rewriting = context.Rewrite(node.Output, activation is null ? [a] : [.. activation.Inputs.OfType<Value>()]);
        ExpansionContext nodes = rewriting.Nodes;
        var formula = new Formula(nodes);
        (Value weights, Value? scales, Value? zeros, long blockSize) = matrix.Write(nodes);
        Value product;
        Value result;
        if (activation is not null && blockSize >= weights.Shape[0].Constant)
        {
            Value columns = formula.Reshape(scales!, weights.Shape[1]);
            product = IntegerMatMulOperator.Write(nodes, ElementType.Float32, activation.Input(0), weights, activation.OptionalInput(2), zeros is null ? null : formula.Reshape(zeros, weights.Shape[1]));
            result = formula.Multiply(product, IntegerMatMulOperator.Scale(nodes, activation.Input(0), activation.Input(1), columns));
        }
        else
        {
            product = QuantizedMatMulOperator.Write(nodes, a, weights, scales, zeros, blockSize, 0);
            result = product;
        }

        context.Recognize(PatternNames.QuantizedProduct, product);
        rewriting.Replace(node.Output, result);
    }

    /// <summary>DequantizeLinear of 8-bit integers with one scale: what a product of integers takes.</summary>
    public static Node? ByteActivation(Value value) =>
        value.Producer is { Type: "DequantizeLinear" } dequantize && dequantize.Input(0) is { IsConstant: false, ElementType: ElementType.Int8 or ElementType.UInt8 }
        && LinearQuantizationOperators.BlockSize(dequantize) == 0 && dequantize.Input(1).Shape.ElementCount.Value == 1
            ? dequantize
            : null;

    private static Node? IntegerActivation(Value a, DequantizedMatrix matrix) => matrix.ElementType is ElementType.Int8 or ElementType.UInt8 ? ByteActivation(a) : null;
}
