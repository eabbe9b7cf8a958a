using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.QuantizedMatMul: activations times a matrix of narrow constants, a · (w - zero point) · scale with scale and zero point per block along K and column. The one form of
/// MatMulNBits, of DequantizeLinear before MatMul, and of float16 and bfloat16 weights. Inputs: 0 a [.., K] float32, float16 or bfloat16; 1 weights [K, N], int2 … int8, unsigned, or 16-bit
/// floating-point numbers; 2 scales [blocks, N] float32, missing for the latter; 3 zero points [blocks, N] of the weights' type or float32, 0 where missing. Attributes
/// <c>block_size</c> (K for one block) and <c>accuracy_level</c> as in MatMulNBits. The output is float32.
/// </summary>
internal sealed class QuantizedMatMulOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".QuantizedMatMul";

    /// <summary>The accuracy level from which on activations may be quantised to int8.</summary>
    private const long ByteActivationsLevel = 4;

    /// <summary>
    /// Below so many weights (256 × 256, the first-level cache full of 4-bit ones) products take microseconds anyway, and models that have no larger ones feel the rounding most: activations
    /// stay float32.
    /// </summary>
    private const long LeastWeightsForByteActivations = 64 * 1024;

    public static readonly IReadOnlyList<Operator> All = [new QuantizedMatMulOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "QuantizedMatMul";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Activations as the kernel takes them: 16-bit ones without a conversion to float32.</summary>
    public static Value Activations(Value a) =>
        a.Producer is { Domain: "", Type: "Cast", Output.ElementType: ElementType.Float32 } cast && cast.Input(0).ElementType is ElementType.Float16 or ElementType.BFloat16 ? cast.Input(0) : a;

    /// <summary>Writes the product.</summary>
    public static Value Write(ExpansionContext context, Value a, Value weights, Value? scales, Value? zeros, long blockSize, long accuracyLevel) =>
        context.Add(Name, [("block_size", blockSize), ("accuracy_level", accuracyLevel)], a, weights, scales, zeros);

    public override void Infer(Node node, InferenceContext context) =>
        context.SetType(node.Output, new TensorType(ElementType.Float32, MatMulOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context)));

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (NarrowWeights.IsSupported(node))
        {
            return false;
        }

        var formula = new Formula(context);
        Value weights = formula.Cast(Compact(node.Input(1), formula), ElementType.Float32);
        if (node.OptionalInput(3) is { } zeros)
        {
            weights = formula.Subtract(weights, OfRows(node, formula.Cast(zeros, ElementType.Float32), formula, context));
        }

        if (node.OptionalInput(2) is { } scales)
        {
            weights = formula.Multiply(weights, OfRows(node, scales, formula, context));
        }

        context.Replace(node.Output, context.Add("MatMul", formula.Widen(node.Input(0)), weights));
        return true;
    }

    public override EpilogueKind EpilogueKind(Node node) => NarrowWeights.IsSupported(node) ? Lowering.EpilogueKind.Matrix : Lowering.EpilogueKind.None;

    public override bool StoresNarrow(Node node) => true;

    public override void Lower(Node node, LoweringContext context)
    {
        FusedEpilogue epilogue = context.Epilogue(node);
        var product = new MatrixProduct(node, epilogue, context);
        NarrowWeights weights = NarrowWeights.Create(node, HasByteActivations(node), context);
        View left = product.ReadLeft(node.Input(0), context);
        context.Add(new PackedProduct(node, left, weights, [new ProductPart(epilogue, product.Output, weights.Columns)]).ToKernel());
    }

    /// <summary>Whether activations are quantised to int8: where the model allows it and it pays.</summary>
    private static bool HasByteActivations(Node node) =>
        node.IntegerAttribute("accuracy_level", 0) >= ByteActivationsLevel && !node.Input(1).ElementType.IsFloat()
        && node.Input(1).Shape.ElementCount.Constant >= LeastWeightsForByteActivations;

    /// <summary>Weights of less than a byte as bytes, so that the weight file does not hold them as wide numbers.</summary>
    private static Value Compact(Value weights, Formula formula) => weights.ElementType switch
    {
        ElementType.Int4 or ElementType.Int2 => formula.Cast(weights, ElementType.Int8),
        ElementType.UInt4 or ElementType.UInt2 => formula.Cast(weights, ElementType.UInt8),
        _ => weights,
    };

    /// <summary>A parameter [blocks, N] as [K, N] or, where there is one block, [1, N].</summary>
    private static Value OfRows(Node node, Value perBlock, Formula formula, ExpansionContext context)
    {
        long depth = node.Input(1).Shape[0].Constant;
        long blockSize = node.IntegerAttribute("block_size", depth);
        long blocks = perBlock.Shape[0].Constant;
        long columns = perBlock.Shape[1].Constant;
        if (blocks == 1)
        {
            return perBlock;
        }

        Value repeated = context.Add("Expand", formula.Reshape(perBlock, blocks, 1, columns), context.Integers(blocks, blockSize, columns));
        Value rows = formula.Reshape(repeated, blocks * blockSize, columns);
        return blocks * blockSize == depth ? rows : context.Add("Slice", rows, context.Integers(0), context.Integers(depth), context.Integers(0));
    }
}
