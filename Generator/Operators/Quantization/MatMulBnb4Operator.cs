using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.MatMulBnb4: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulBnb4. a · dequantised(b)ᵀ with weights of 4 bits as
/// bitsandbytes has them: codes for the numbers of a table (<c>quant_type</c> 0 is FP4, 1 is NF4), the first of a byte in its upper half, times the largest magnitude of the block
/// they are in. The weights are [N, K]; with <c>transB</c> 0 they are not transposed, and the input ends in N elements. Blocks run over the flattened matrix. Becomes a MatMul with weights that are dequantised once at load.
/// </summary>
internal sealed class MatMulBnb4Operator : Operator
{
    /// <summary>FP4 of bitsandbytes, as fractions of the largest magnitude; the codes from 8 on are negative.</summary>
    private static readonly float[] Float4 =
    [
        0, 5.208333333e-03f, 0.66666667f, 1, 0.33333333f, 0.5f, 0.16666667f, 0.25f,
        -0f, -5.208333333e-03f, -0.66666667f, -1, -0.33333333f, -0.5f, -0.16666667f, -0.25f,
    ];

    /// <summary>NF4, quantiles of the normal distribution: Dettmers et al., QLoRA, appendix E, https://arxiv.org/abs/2305.14314.</summary>
    private static readonly float[] NormalFloat4 =
    [
        -1, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1,
    ];

    public static readonly IReadOnlyList<Operator> All = [new MatMulBnb4Operator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MatMulBnb4";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        (long depth, long columns, long blockSize) = Sizes(node);
        Shape a = node.Input(0).Shape;
        (long taken, string attribute, long given) = IsTransposed(node) ? (depth, "K", columns) : (columns, "N", depth);
        if (a.Rank == 0 || (a[a.Rank - 1] - taken).Value is not (null or 0))
        {
            throw new ModelException(node, $"an input of shape {a} does not end in {taken} elements, as attribute '{attribute}' says");
        }

        CheckCount(node, 1, (depth * columns + 1) / 2);
        CheckCount(node, 2, (depth * columns + blockSize - 1) / blockSize);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([.. a.Take(a.Rank - 1), given])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        (long depth, long columns, _) = Sizes(node);
        Value weights = formula.Reshape(Dequantized(node, context, formula), columns, depth);
        weights = IsTransposed(node) ? formula.Transpose(weights, 1, 0) : weights;
        context.Replace(node.Output, formula.Cast(context.Add("MatMul", formula.Widen(node.Input(0)), weights), node.Output.ElementType));
        return true;
    }

    private static bool IsTransposed(Node node) => node.IntegerAttribute("transB", 1) != 0;

    /// <summary>All weights in the order in which they are stored, as float32.</summary>
    private static Value Dequantized(Node node, ExpansionContext context, Formula formula)
    {
        (long depth, long columns, long blockSize) = Sizes(node);
        long count = depth * columns, blocks = (count + blockSize - 1) / blockSize;
        Value bytes = formula.Reshape(node.Input(1), (count + 1) / 2);
        Value codes = LinearQuantization.First(LinearQuantization.Unpack(bytes, 4, context, highestFirst: true), count, context);
        Value table = context.Graph.AddConstant("codes", ConstantElements.FromFloats(node.IntegerAttribute("quant_type", 1) == 0 ? Float4 : NormalFloat4, Shape.Of(NormalFloat4.Length)));
        Value magnitudes = formula.Reshape(formula.Cast(node.Input(2), ElementType.Float32), blocks, 1);
        Value repeated = formula.Reshape(context.Add("Expand", magnitudes, context.Integers(blocks, blockSize)), blocks * blockSize);
        return formula.Multiply(context.Add("Gather", table, formula.Cast(codes, ElementType.Int32)), LinearQuantization.First(repeated, count, context));
    }

    private static (long Depth, long Columns, long BlockSize) Sizes(Node node)
    {
        long depth = node.IntegerAttribute("K", 0), columns = node.IntegerAttribute("N", 0), blockSize = node.IntegerAttribute("block_size", 0);
        if (depth <= 0 || columns <= 0 || blockSize <= 0 || depth > int.MaxValue / columns)
        {
            throw new ModelException(node, $"attributes 'K' {depth}, 'N' {columns} and 'block_size' {blockSize} must be positive, with less than 2^31 weights");
        }

        return node.IntegerAttribute("quant_type", 1) is 0 or 1
            ? (depth, columns, Math.Min(blockSize, depth * columns))
            : throw new ModelException(node, $"attribute 'quant_type' is {node.IntegerAttribute("quant_type", 1)}; known are 0 (FP4) and 1 (NF4)");
    }

    private static void CheckCount(Node node, int input, long count)
    {
        if (node.Input(input).Shape.ElementCount.Value is { } actual && actual != count)
        {
            throw new ModelException(node, $"input {input} has {actual} elements; {count} are expected");
        }
    }
}
