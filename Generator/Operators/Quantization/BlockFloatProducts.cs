using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Products of com.microsoft with weights of 8 and 4 bits that are floating-point numbers: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. MatMulBlockQuantizedFp8Weight
/// (float8e4m3fn [N, K], a scale a block along K; with <c>a_scale</c> the input is rounded to float8 too), MatMulBlockQuantizedFp4Weight (two float4e2m1 a byte, the lower half first, a scale
/// of float8e4m3fn a block, given as its bytes, times one scale for all; the input's scale changes nothing). Inputs of float16 and bfloat16. They become dequantised weights, once at load where they are
/// constant, and MatMul.
/// </summary>
internal static class BlockFloatProducts
{
    private static readonly float[] Float4 = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>The largest float8e4m3fn.</summary>
    private const float LargestFloat8 = 448;

    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("MatMulBlockQuantizedFp8Weight", node => Infer(node, 1, 128), WriteFloat8),
        new ComposedOperator("MatMulBlockQuantizedFp4Weight", node => Infer(node, 2, 16), WriteFloat4),
    ];

    /// <summary>The numbers of codes of float4e2m1, one a byte.</summary>
    public static Value FromFloat4Codes(Value codes, ExpansionContext context)
    {
        Value table = context.Graph.AddConstant("codes", ConstantElements.FromFloats(Float4, Shape.Of(Float4.Length)));
        return context.Add("Gather", table, new Formula(context).Cast(codes, ElementType.Int32));
    }

    /// <summary>Numbers a block, [.., blocks], as one an element of the last axis.</summary>
    public static Value OfElements(Value perBlock, long blockSize, long count, ExpansionContext context)
    {
        long[] sizes = perBlock.Shape.ToStatic();
        Value repeated = context.Add("Expand", context.Add("Unsqueeze", perBlock, context.Integers(-1)), context.Integers([.. sizes, blockSize]));
        Value flat = new Formula(context).Reshape(repeated, [.. sizes.Take(sizes.Length - 1).Select(size => (Dimension)size), sizes[sizes.Length - 1] * blockSize]);
        return LinearQuantization.First(flat, count, context);
    }

    private static TensorType[] Infer(Node node, long perByte, long blockDefault)
    {
        Value a = node.Input(0), b = node.Input(1), scales = node.Input(2);
        (ElementType weights, ElementType scale) = perByte == 1 ? (ElementType.Float8E4M3FN, ElementType.Float32) : (ElementType.UInt8, ElementType.UInt8);
        long blockSize = node.IntegerAttribute("block_size", blockDefault);
        if (a.ElementType is not (ElementType.Float16 or ElementType.BFloat16) || b.ElementType != weights || scales.ElementType != scale || b.Shape.Rank != 2 || !b.Shape.IsStatic || blockSize < 1)
        {
            throw new ModelException(node, $"an input {a.Type}, weights {b.Type}, scales {scales.Type} and blocks of {blockSize}; needed are float16 or bfloat16, {weights.OnnxName()} with two known axes, and {scale.OnnxName()}");
        }

        (long columns, long depth) = (b.Shape[0].Constant, b.Shape[1].Constant * perByte);
        if (a.Shape.Rank == 0 || (a.Shape[a.Shape.Rank - 1] - depth).Value is not (null or 0) || !scales.Shape.Equals(Shape.Of(columns, (depth + blockSize - 1) / blockSize)))
        {
            throw new ModelException(node, $"an input {a.Shape} and scales {scales.Shape} do not fit weights [{columns}, {depth}] in blocks of {blockSize}");
        }

        (int[] numbers, int bias) = perByte == 1 ? (new[] { 3 }, 4) : ([3, 4], 5);
        foreach (int input in numbers.Where(input => node.OptionalInput(input) is not null || (perByte == 2 && input == 3)))
        {
            if (node.Input(input).ElementType != ElementType.Float32 || node.Input(input).Shape.ElementCount.Value != 1)
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must be one number of float32");
            }
        }

        if (node.OptionalInput(bias) is { } added && (added.ElementType != a.ElementType || !added.Shape.Equals(Shape.Of(columns))))
        {
            throw new ModelException(node, $"a bias {added.Type} must be {a.ElementType.OnnxName()} [{columns}]");
        }

        return [new TensorType(a.ElementType, new Shape([.. a.Shape.Take(a.Shape.Rank - 1), columns]))];
    }

    private static Value[] WriteFloat8(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long depth = node.Input(1).Shape[1].Constant;
        Value weights = formula.Multiply(formula.Cast(node.Input(1), ElementType.Float32), OfElements(node.Input(2), node.IntegerAttribute("block_size", 128), depth, context));
        Value a = formula.Widen(node.Input(0));
        if (node.OptionalInput(3) is { } given)
        {
            Value scale = formula.Reshape(given), scaled = formula.Divide(a, scale);
            scaled = context.Add("Clip", scaled, formula.Number(-LargestFloat8, scaled), formula.Number(LargestFloat8, scaled));
            a = formula.Multiply(formula.Cast(formula.Cast(scaled, ElementType.Float8E4M3FN), ElementType.Float32), scale);
        }

        return [Product(node, a, weights, 4, context)];
    }

    private static Value[] WriteFloat4(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long depth = 2 * node.Input(1).Shape[1].Constant;
        Value weights = FromFloat4Codes(LinearQuantization.Unpack(node.Input(1), 4, context), context);
        Value scales = formula.Cast(context.AddNewer("BitCast", 26, [("to", (long)ElementType.Float8E4M3FN)], node.Input(2)), ElementType.Float32);
        scales = formula.Multiply(scales, formula.Reshape(node.Input(3)));
        weights = formula.Multiply(weights, OfElements(scales, node.IntegerAttribute("block_size", 16), depth, context));
        return [Product(node, formula.Widen(node.Input(0)), weights, 5, context)];
    }

    private static Value Product(Node node, Value a, Value weights, int bias, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value result = context.Add("MatMul", a, formula.Transpose(weights, 1, 0));
        result = node.OptionalInput(bias) is { } added ? formula.Add(result, formula.Widen(added)) : result;
        return formula.Cast(result, node.Output.ElementType);
    }
}
