using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.IntegerMatMul: the exact sums of (a - zero point) · (b - zero point) of 8-bit integers, as int32 or (attribute <c>to</c>) rounded once to float32, so that scales,
/// bias and requantisation can follow in the epilogue. All quantised products with 8-bit activations end here: QLinearMatMul, MatMulInteger, QGemm, Q/DQ pairs around MatMul.
/// Inputs: 0 a [.., M, K] int8 or uint8; 1 b [.., K, N]; 2 zero point of a: one, or one a row [M]; 3 zero point of b: one, or one a column [N].
/// </summary>
internal sealed class IntegerMatMulOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".IntegerMatMul";

    public static readonly IReadOnlyList<Operator> All = [new IntegerMatMulOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "IntegerMatMul";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Writes the product; <paramref name="type"/> is int32 or float32.</summary>
    public static Value Write(ExpansionContext context, ElementType type, Value a, Value b, Value? zeroA, Value? zeroB) =>
        context.Add(Name, [("to", (long)type)], a, b, zeroA, zeroB);

    /// <summary>The factor of the sums: a's scale (one, or one a row) times b's (one, or one a column), as float32.</summary>
    public static Value Scale(ExpansionContext context, Value a, Value scaleA, Value scaleB)
    {
        var formula = new Formula(context);
        Value left = LinearQuantization.Scalar(formula, formula.Cast(scaleA, ElementType.Float32));
        Value right = LinearQuantization.Scalar(formula, formula.Cast(scaleB, ElementType.Float32));
        return formula.Multiply(left.Shape.Rank == 1 && a.Shape.Rank > 1 ? formula.Reshape(left, left.Shape[0], 1) : left, right);
    }

    public override void Infer(Node node, InferenceContext context)
    {
        Shape result = MatMulOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape);
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("to", (long)ElementType.Int32), result));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value product = context.Add("MatMul", Wide(node, 0, 2, formula), Wide(node, 1, 3, formula));
        context.Replace(node.Output, formula.Cast(product, node.Output.ElementType));
        return true;
    }

    /// <summary>An operand without its zero point, as int32.</summary>
    private static Value Wide(Node node, int input, int zeroInput, Formula formula)
    {
        Value operand = formula.Cast(node.Input(input), ElementType.Int32);
        if (node.OptionalInput(zeroInput) is not { } zero)
        {
            return operand;
        }

        Value wide = formula.Cast(zero, ElementType.Int32);
        bool isPerRow = input == 0 && wide.Shape.Rank == 1 && wide.Shape[0].Value != 1;
        return formula.Subtract(operand, isPerRow ? formula.Reshape(wide, wide.Shape[0], 1) : wide);
    }
}
