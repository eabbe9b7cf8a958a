using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.MatMulNBits: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits. a · dequantised(b)ᵀ + bias with weights of
/// 2, 4 or 8 bits in blocks along K, scales a block, and zero points packed like the weights or as floating-point numbers. Becomes cameo.QuantizedMatMul, or
/// dequantised weights and MatMul where b is not constant or rows are grouped by <c>g_idx</c>.
/// </summary>
internal sealed class MatMulNBitsOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MatMulNBitsOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MatMulNBits";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape a = node.Input(0).Shape;
        (long depth, long columns, long bits, long blockSize) = Sizes(node);
        if (node.IntegerAttribute("weight_prepacked", 0) != 0)
        {
            throw ModelException.Unsupported(node, "weights packed for one kind of GPU (weight_prepacked)");
        }

        if (a.Rank == 0 || (a[a.Rank - 1] - depth).Value is not (null or 0))
        {
            throw new ModelException(node, $"an input of shape {a} does not end in {depth} elements, as attribute 'K' says");
        }

        long blocks = (depth + blockSize - 1) / blockSize;
        CheckCount(node, 1, columns * blocks * blockSize * bits / 8);
        CheckCount(node, 2, columns * blocks);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([.. a.Take(a.Rank - 1), columns])));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        (_, _, _, long blockSize) = Sizes(node);
        bool isConstant = node.Input(1).IsConstant && node.OptionalInput(3)?.IsConstant != false && node.OptionalInput(4) is null;
        Value a = QuantizedMatMulOperator.Activations(node.Input(0));
        Value result;
        if (isConstant)
        {
            (ConstantTensor weights, Value? zeros) = ConstantWeights(node, context);
            Value scales = formula.Transpose(Scales(node, formula), 1, 0);
            result = QuantizedMatMulOperator.Write(context, a, context.Graph.AddConstant(node.Input(1).Name, weights), scales, zeros, blockSize, node.IntegerAttribute("accuracy_level", 0));
        }
        else
        {
            result = context.Add("MatMul", formula.Widen(a), formula.Transpose(Dequantized(node, context, formula), 1, 0));
        }

        if (node.OptionalInput(5) is { } bias)
        {
            result = formula.Add(result, formula.Widen(bias));
        }

        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    private static (long Depth, long Columns, long Bits, long BlockSize) Sizes(Node node)
    {
        long depth = node.IntegerAttribute("K", 0), columns = node.IntegerAttribute("N", 0), bits = node.IntegerAttribute("bits", 4), blockSize = node.IntegerAttribute("block_size", 0);
        if (depth <= 0 || columns <= 0 || blockSize <= 0)
        {
            throw new ModelException(node, $"attributes 'K' {depth}, 'N' {columns} and 'block_size' {blockSize} must be positive");
        }

        return bits is 2 or 4 or 8 && blockSize * bits % 8 == 0
            ? (depth, columns, bits, blockSize)
            : throw ModelException.Unsupported(node, $"blocks of {blockSize} weights of {bits} bits are not supported");
    }

    private static void CheckCount(Node node, int input, long count)
    {
        if (node.Input(input).Shape.ElementCount.Value is { } actual && actual != count)
        {
            throw new ModelException(node, $"input {input} has {actual} elements; {count} are expected");
        }
    }

    /// <summary>Scales as [N, blocks] float32.</summary>
    private static Value Scales(Node node, Formula formula)
    {
        (long depth, long columns, _, long blockSize) = Sizes(node);
        return formula.Cast(formula.Reshape(node.Input(2), columns, (depth + blockSize - 1) / blockSize), ElementType.Float32);
    }

    /// <summary>Weights [K, N] and their zero points [blocks, N]. Without zero points, the middle of the range is 0: then the weights are signed.</summary>
    private static (ConstantTensor Weights, Value? Zeros) ConstantWeights(Node node, ExpansionContext context)
    {
        (long depth, long columns, long bits, long blockSize) = Sizes(node);
        long blocks = (depth + blockSize - 1) / blockSize;
        ElementType type = QuantizedConstants.Unsigned(bits);
        ConstantTensor rows = QuantizedConstants.Unpack(ConstantMoves.Reshape(node.Input(1).Constant!, Shape.Of(columns, blocks * blockSize * bits / 8)), type);
        ConstantTensor weights = ConstantMoves.Transpose(FirstColumns(rows, depth), [1, 0]);
        if (node.OptionalInput(3) is not { } zeroPoints)
        {
            return (QuantizedConstants.Offset(weights, -(1 << ((int)bits - 1)), QuantizedConstants.Signed(type)), null);
        }

        var formula = new Formula(context);
        if (zeroPoints.ElementType != ElementType.UInt8)
        {
            return (weights, formula.Transpose(formula.Cast(formula.Reshape(zeroPoints, columns, blocks), ElementType.Float32), 1, 0));
        }

        long rowBytes = (blocks * bits + 7) / 8;
        CheckCount(node, 3, columns * rowBytes);
        ConstantTensor unpacked = QuantizedConstants.Unpack(ConstantMoves.Reshape(zeroPoints.Constant!, Shape.Of(columns, rowBytes)), type);
        return (weights, context.Graph.AddConstant(zeroPoints.Name, ConstantMoves.Transpose(FirstColumns(unpacked, blocks), [1, 0])));
    }

    private static ConstantTensor FirstColumns(ConstantTensor matrix, long columns) => matrix.Type.Shape[1].Constant == columns
        ? matrix
        : ConstantMoves.Slice(matrix, [0, 0], [1, 1], [matrix.Type.Shape[0].Constant, columns]);

    /// <summary>The weights [N, K] as float32, computed where they are not known or not in plain blocks.</summary>
    private static Value Dequantized(Node node, ExpansionContext context, Formula formula)
    {
        (long depth, long columns, long bits, long blockSize) = Sizes(node);
        long blocks = (depth + blockSize - 1) / blockSize;
        // The groups may cover the padding of the last block too.
        Value groups = node.OptionalInput(4) is { } given ? LinearQuantization.First(given, depth, context) : context.Integers([.. Enumerable.Range(0, checked((int)depth)).Select(k => k / blockSize)]);
        Value OfRows(Value perBlock) => context.Add("Gather", [("axis", 1L)], perBlock, groups);
        Value weights = formula.Cast(Unpacked(node.Input(1), columns, depth, bits, context, formula), ElementType.Float32);
        Value zeros = node.OptionalInput(3) is not { } zeroPoints ? formula.Number(1 << ((int)bits - 1), weights)
            : zeroPoints.ElementType == ElementType.UInt8 ? OfRows(formula.Cast(Unpacked(zeroPoints, columns, blocks, bits, context, formula), ElementType.Float32))
            : OfRows(formula.Cast(formula.Reshape(zeroPoints, columns, blocks), ElementType.Float32));
        return formula.Multiply(formula.Subtract(weights, zeros), OfRows(Scales(node, formula)));
    }

    /// <summary>Packed rows as one byte an element, [rows, columns].</summary>
    private static Value Unpacked(Value packed, long rows, long columns, long bits, ExpansionContext context, Formula formula)
    {
        if (packed.Constant is { } constant)
        {
            long bytes = packed.Shape.ElementCount.Constant / rows;
            ConstantTensor unpacked = QuantizedConstants.Unpack(ConstantMoves.Reshape(constant, Shape.Of(rows, bytes)), QuantizedConstants.Unsigned(bits));
            return context.Graph.AddConstant(packed.Name, FirstColumns(unpacked, columns));
        }

        Value elements = LinearQuantization.Unpack(formula.Reshape(packed, rows, packed.Shape.ElementCount.Constant / rows), bits, context);
        return LinearQuantization.First(elements, columns, context);
    }
}
