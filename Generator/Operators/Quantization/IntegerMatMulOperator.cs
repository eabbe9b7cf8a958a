using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.IntegerMatMul: the exact sums of (a - zero point) · (b - zero point) of 8-bit integers, as int32 or (attribute <c>to</c>) rounded once to float32, so that scales,
/// bias and requantisation can follow in the epilogue. All quantised products with 8-bit activations end here: QLinearMatMul, MatMulInteger, QGemm, Q/DQ pairs around MatMul.
/// Inputs: 0 a [.., M, K] int8 or uint8; 1 b [.., K, N]; 2 zero point of a: one, or one a row [M]; 3 zero point of b: one, or one a column [N].
/// </summary>
internal sealed class IntegerMatMulOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".IntegerMatMul";

    private const int PanelWidth = 32;

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
        Shape result = MatMulOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context);
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("to", (long)ElementType.Int32), result));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (HasKernel(node))
        {
            return false;
        }

        var formula = new Formula(context);
        Value product = context.Add("MatMul", Wide(node, 0, 2, formula), Wide(node, 1, 3, formula));
        context.Replace(node.Output, formula.Cast(product, node.Output.ElementType));
        return true;
    }

    public override EpilogueKind EpilogueKind(Node node) =>
        HasKernel(node) && node.Output.ElementType == ElementType.Float32 ? Lowering.EpilogueKind.Matrix : Lowering.EpilogueKind.None;

    public override bool StoresNarrow(Node node) => true;

    public override void Lower(Node node, LoweringContext context)
    {
        FusedEpilogue epilogue = EpilogueKind(node) == Lowering.EpilogueKind.None ? new FusedEpilogue(node.Output, null, [], node.Origins) : context.Epilogue(node);
        var product = new MatrixProduct(node, epilogue, context);
        var weights = new ByteWeights(node, context);
        long depth = product.Depth.Value ?? node.Input(1).Shape[0].Constant;
        long columns = product.Columns.Constant;
        View words = weights.Words(new WeightReshape(weights.Signed(), [1, depth, columns]), PanelWidth);
        View sums = weights.Sums(words, 1, columns, depth, PanelWidth);
        View? zeros = weights.ZeroPoints(columns, PanelWidth);
        View? zeroLeft = weights.LeftZeroPoint();
        View left = product.ReadLeft(node.Input(0), context);
        View[] optional = [.. new[] { zeros, zeroLeft }.OfType<View>()];
        context.Add(new Kernel("integer matmul", node, [left, words, sums, .. optional, .. epilogue.Inputs], [product.Output], writer =>
        {
            string zeroPoints = zeros is null ? "" : $" ZeroPoints = {writer.Pointer(zeros)},";
            writer.Line($"var weights = new IntegerMatrix {{ Words = {writer.Pointer(words)}, ColumnSums = {writer.Pointer(sums)},{zeroPoints} Depth = {depth}, Columns = {columns} }};");
            int zeroStride = zeroLeft is not null && zeroLeft.Shape.ElementCount.Value != 1 ? 1 : 0;
            writer.Line($"IntegerMatrixMultiply.Packed(Workers, {product.Left(writer, left)}, {(zeroLeft is null ? "null" : writer.Pointer(zeroLeft))}, {zeroStride}, weights, " +
                $"{product.Target(writer)}, {writer.MatrixEpilogue(epilogue)});");
        })
        {
            Nodes = epilogue.Nodes,
            MultiplyAdds = product.MultiplyAdds,
            Summary = $"{node.Input(0).ElementType.OnnxName()} [{product.Rows}, {depth}] · {node.Input(1).ElementType.OnnxName()} [{depth}, {columns}]",
        });
    }

    private static bool HasKernel(Node node)
    {
        Shape a = node.Input(0).Shape;
        Shape b = node.Input(1).Shape;
        bool isRowwise = node.OptionalInput(2) is not { } zero || zero.Shape.ElementCount.Value == 1 || (zero.Shape.Rank == 1 && a.Rank == 2);
        return b.Rank == 2 && a.Rank > 0 && isRowwise && ByteWeights.IsSupported(node, b[1]);
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
