using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.GatherBlockQuantized: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized. Gathers rows of quantised data
/// with their scales and zero points, and dequantises only these. Data of 4 bits in bytes is unpacked, at build time where it is
/// constant. Where the gathered axis is the one with the blocks, all data is dequantised.
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
        ElementTypeSet.Floating.Require(node, 2);
        long blockSize = node.IntegerAttribute("block_size", 128);
        if (blockSize < 16 || (blockSize & (blockSize - 1)) != 0)
        {
            throw new ModelException(node, $"attribute 'block_size' is {blockSize}; powers of 2 from 16 on are expected");
        }

        int axis = ShapeMath.Axis(node, node.IntegerAttribute("gather_axis", 0), data.Rank);
        int blockAxis = ShapeMath.Axis(node, node.IntegerAttribute("quantize_axis", 1), data.Rank);
        if (IsPacked(node) && (blockAxis != data.Rank - 1 || axis != 0))
        {
            throw ModelException.Unsupported(node, $"gathering axis {axis} of {data} in blocks along axis {blockAxis} is not supported");
        }

        Shape scales = node.Input(2).Shape;
        for (int current = 0; current < data.Rank; current++)
        {
            Dimension expected = current == blockAxis ? Dimension.CeilingDivide(data[current], blockSize) : data[current];
            if (scales.Rank != data.Rank || (scales[current] - expected).Value is not (null or 0))
            {
                throw new ModelException(node, $"scales of shape {scales} do not fit blocks of {blockSize} along axis {blockAxis} of {data}");
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
        Value x = node.Input(0);
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
                : LinearQuantization.First(Unpacked(zeros, x.ElementType, bits, context), node.Input(2).Shape[blockAxis].Constant, context);
        }

        long blockSize = node.IntegerAttribute("block_size", 128);
        if (axis == blockAxis)
        {
            (string, object)[] ofAll = [("axis", (long)blockAxis), ("block_size", blockSize)];
            context.Replace(node.Output, Gathered(zeros is null ? context.Add("DequantizeLinear", ofAll, x, node.Input(2)) : context.Add("DequantizeLinear", ofAll, x, node.Input(2), zeros)));
            return true;
        }

        int gatheredAxis = blockAxis < axis ? blockAxis : blockAxis + node.Input(1).Shape.Rank - 1;
        (string, object)[] attributes = [("axis", (long)gatheredAxis), ("block_size", blockSize)];
        Value gathered = Gathered(x);
        context.Replace(node.Output, zeros is null
            ? context.Add("DequantizeLinear", attributes, gathered, Gathered(node.Input(2)))
            : context.Add("DequantizeLinear", attributes, gathered, Gathered(node.Input(2)), Gathered(zeros)));
        return true;
    }

    /// <summary>4-bit data, or bytes with one or two elements each; zero points of the data's type.</summary>
    private static void CheckTypes(Node node)
    {
        ElementType type = node.Input(0).ElementType;
        long bits = node.IntegerAttribute("bits", 4);
        if (bits is not (4 or 8))
        {
            throw ModelException.Unsupported(node, $"attribute 'bits' is {bits}; 4 and 8 are supported");
        }

        if (type != ElementType.UInt8 && (bits == 8 || type is not (ElementType.UInt4 or ElementType.Int4)))
        {
            throw ModelException.Unsupported(node, $"elements of {bits} bits in data of type {type.OnnxName()} are not supported");
        }

        if (node.OptionalInput(3) is not null)
        {
            ElementTypeSet.RequireEqual(node, 0, 3);
        }
    }

    private static bool IsPacked(Node node) => node.Input(0).ElementType == ElementType.UInt8 && node.IntegerAttribute("bits", 4) != 8;

    /// <summary>The data's shape in elements.</summary>
    private static Shape Data(Node node)
    {
        Shape shape = node.Input(0).Shape;
        return IsPacked(node) ? new Shape([.. shape.Take(shape.Rank - 1), shape[shape.Rank - 1] * (8 / node.IntegerAttribute("bits", 4))]) : shape;
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
