using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.GatherBlockQuantized: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized. Gathers rows of quantised data
/// with their scales and zero points, and dequantises only these. Data: int4 and uint4; bytes with elements of 2, 4 or 8 bits, lowest bits first, which are gathered along the first and blocked along the
/// last axis; float8 and float4, without zero points, with one block an axis where <c>block_size</c> is 0, and scales that may broadcast along other axes. Scales are float32, float16 or bfloat16.
/// Packed bytes are unpacked, at build time where they are constant. Where the gathered axis is the one with the blocks, all data is dequantised. An index outside the axis ends the run, as in
/// ONNX Runtime's releases.
/// </summary>
internal sealed class GatherBlockQuantizedOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new GatherBlockQuantizedOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "GatherBlockQuantized";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        CheckTypes(node);
        Shape data = Data(node);
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("gather_axis", 0), data.Rank);
        int blockAxis = ShapeMath.Axis(node, node.IntegerAttribute("quantize_axis", 1), data.Rank);
        if (node.Input(0).ElementType == ElementType.UInt8 && (axis != 0 || blockAxis != data.Rank - 1 || axis == blockAxis))
        {
            throw new ModelException(node, $"bytes of shape {node.Input(0).Shape} are gathered along axis {axis} in blocks along axis {blockAxis}; they must be gathered along the first and blocked along the last of several axes");
        }

        Shape scales = node.Input(2).Shape;
        Shape expected = ScaleShape(node, data, blockAxis);
        for (int current = 0; current < data.Rank; current++)
        {
            bool broadcasts = IsSmallFloat(node) && current != blockAxis && scales.Rank == data.Rank && scales[current].Value == 1;
            if (scales.Rank != data.Rank || (!broadcasts && (scales[current] - expected[current]).Value is not (null or 0)))
            {
                throw new ModelException(node, $"scales of shape {scales} do not fit blocks of {BlockSize(node)} along axis {blockAxis} of {data}");
            }
        }

        if (node.OptionalInput(3) is { } zeros)
        {
            var packed = new Shape([.. scales.Select((size, current) => IsPacked(node) && current == blockAxis ? Dimension.CeilingDivide(size, PerByte(node)) : size)]);
            if (zeros.Shape.Rank != packed.Rank || Enumerable.Range(0, packed.Rank).Any(current => (zeros.Shape[current] - packed[current]).Value is not (null or 0)))
            {
                throw new ModelException(node, $"zero points of shape {zeros.Shape} must have {packed}");
            }
        }

        context.SetType(node.Output, new TensorType(node.Input(2).ElementType, new Shape([.. data.Take(axis), .. node.Input(1).Shape, .. data.Skip(axis + 1)])));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Shape data = Data(node);
        long bits = node.IntegerAttribute("bits", 4);
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("gather_axis", 0), data.Rank);
        int blockAxis = ShapeMath.Axis(node, node.IntegerAttribute("quantize_axis", 1), data.Rank);
        Value Gathered(Value value) => context.Add("Gather", [("axis", (long)axis)], value, node.Input(1));
        Value x = node.Input(0), scales = node.Input(2);
        Value? zeros = node.OptionalInput(3);
        if (x.ElementType == ElementType.UInt8)
        {
            ElementType type = QuantizedConstants.Unsigned(bits);
            if (bits != 8)
            {
                x = x.Constant is { } constant
                    ? context.Graph.AddConstant(x.Name, QuantizedConstants.Unpack(constant, type))
                    : LinearQuantization.Unpack(x, bits, context);
            }

            zeros = zeros is null ? Middle(node, context, x.ElementType, (int)bits)
                : bits == 8 ? zeros
                : LinearQuantization.First(Unpacked(zeros, x.ElementType, bits, context), scales.Shape[blockAxis].Constant, context);
        }

        Shape expected = ScaleShape(node, data, blockAxis);
        if (!scales.Shape.Equals(expected) && IsSmallFloat(node))
        {
            scales = context.Add("Expand", scales, context.Sizes([.. expected]));
        }

        long blockSize = BlockSize(node) is var size and > 0 ? size : data[blockAxis].Constant;
        Value result;
        if (axis == blockAxis)
        {
            result = Gathered(Dequantized(x, scales, zeros, blockAxis));
        }
        else
        {
            int gatheredAxis = blockAxis < axis ? blockAxis : blockAxis + node.Input(1).Shape.Rank - 1;
            result = Dequantized(Gathered(x), Gathered(scales), zeros is null ? null : Gathered(zeros), gatheredAxis);
        }

        context.Replace(node.Output, result);
        return true;

        Value Dequantized(Value elements, Value factors, Value? offsets, int along) => offsets is null
            ? context.Add("DequantizeLinear", [("axis", (long)along), ("block_size", blockSize)], elements, factors)
            : context.Add("DequantizeLinear", [("axis", (long)along), ("block_size", blockSize)], elements, factors, offsets);
    }

    /// <summary>Elements of a type that the attributes fit.</summary>
    private static void CheckTypes(Node node)
    {
        ElementType type = node.Input(0).ElementType;
        long bits = node.IntegerAttribute("bits", 4);
        if (!IsSmallFloat(node) && (type == ElementType.UInt8 ? bits is not (2 or 4 or 8) : type is not (ElementType.UInt4 or ElementType.Int4) || bits != 4))
        {
            throw ModelException.Unsupported(node, $"elements of {bits} bits in data of type {type.OnnxName()} are not supported");
        }

        if (node.Input(1).ElementType is not (ElementType.Int32 or ElementType.Int64))
        {
            throw new ModelException(node, $"indices {node.Input(1).Type} must be int32 or int64");
        }

        if (node.Input(2).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"scales of type {node.Input(2).ElementType.OnnxName()}; supported are float32, float16 and bfloat16");
        }

        long blockSize = BlockSize(node);
        if (!(blockSize == 0 && IsSmallFloat(node)) && (blockSize < 16 || (blockSize & (blockSize - 1)) != 0))
        {
            throw new ModelException(node, $"attribute 'block_size' is {blockSize}; powers of 2 from 16 on are expected{(IsSmallFloat(node) ? ", or 0" : "")}");
        }

        if (node.OptionalInput(3) is not null)
        {
            ElementTypeSet.RequireEqual(node, 0, 3);
            if (IsSmallFloat(node))
            {
                throw new ModelException(node, $"data of type {type.OnnxName()} has no zero points");
            }
        }
    }

    private static long BlockSize(Node node) => node.IntegerAttribute("block_size", 128);

    private static bool IsSmallFloat(Node node) => node.Input(0).ElementType
        is ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ or ElementType.Float8E5M2 or ElementType.Float8E5M2FNUZ or ElementType.Float4E2M1;

    private static long PerByte(Node node) => 8 / node.IntegerAttribute("bits", 4);

    /// <summary>A scale for every block.</summary>
    private static Shape ScaleShape(Node node, Shape data, int blockAxis) =>
        new([.. data.Select((size, axis) => axis != blockAxis ? size : BlockSize(node) == 0 ? Dimension.One : Dimension.CeilingDivide(size, BlockSize(node)))]);

    private static bool IsPacked(Node node) => node.Input(0).ElementType == ElementType.UInt8 && node.IntegerAttribute("bits", 4) != 8;

    /// <summary>The data's shape in elements.</summary>
    private static Shape Data(Node node)
    {
        Shape shape = node.Input(0).Shape;
        return IsPacked(node) ? new Shape([.. shape.Take(shape.Rank - 1), shape[shape.Rank - 1] * PerByte(node)]) : shape;
    }

    /// <summary>Bytes without zero points are centred on the middle of their range.</summary>
    private static Value Middle(Node node, ExpansionContext context, ElementType type, int bits)
    {
        byte[] element = [(byte)(1 << (bits - 1))];
        Shape shape = node.Input(2).Shape;
        return context.Graph.AddConstant("zeros", new WeightConstant(new TensorType(type, shape), new WeightFill(element, type, shape.ToStatic())));
    }

    private static Value Unpacked(Value packed, ElementType type, long bits, ExpansionContext context) => packed.Constant is { } constant && QuantizedConstants.IsPacked(type)
        ? context.Graph.AddConstant(packed.Name, QuantizedConstants.Unpack(constant, type))
        : LinearQuantization.Unpack(packed, bits, context);
}
