using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// QuantizeLinear and DequantizeLinear: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html. One scale for all,
/// one an index of an axis (version 13), or one a block along an axis (<c>block_size</c>, version 21, whole blocks only). Version 21 adds 4- and 16-bit integers and
/// <c>output_dtype</c>, 23 the result's type of DequantizeLinear. (x - zero point) · scale, and round-half-even(x / scale) + zero point, clamped, as pointwise
/// operators in float32. 8- and 16-bit integers at run time; 4-bit ones as constants only. float8 and float4 are refused.
/// </summary>
internal sealed class QuantizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new QuantizationOperators("QuantizeLinear", ""),
        new QuantizationOperators("DequantizeLinear", ""),
        new QuantizationOperators("QuantizeLinear", PointwiseFunction.MicrosoftDomain),
        new QuantizationOperators("DequantizeLinear", PointwiseFunction.MicrosoftDomain),
    ];

    private QuantizationOperators(string type, string domain)
    {
        Type = type;
        Domain = domain;
    }

    public override string Domain { get; }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => Domain.Length > 0 ? [1] : [10, 13, 19, 21, 23, 24, 25];

    private bool Quantizes => Type == "QuantizeLinear";

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        ElementTypeSet.Floating.Require(node, 1);
        ElementType type = Quantizes ? QuantizedType(node) : DequantizedType(node);
        ElementType integers = Quantizes ? type : x.ElementType;
        if (Range(integers) is null)
        {
            throw ModelException.Unsupported(node, $"quantisation as {integers.OnnxName()} is not supported");
        }

        Shape scale = node.Input(1).Shape;
        if (scale.ElementCount.Value != 1 && BlockSize(node) == 0 && (scale.Rank != 1 || (scale[0] - x.Shape[Axis(node)]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"scales of shape {scale} do not fit axis {Axis(node)} of {x.Shape}");
        }

        context.SetType(node.Output, new TensorType(type, x.Shape));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Cast(node.Input(0), ElementType.Float32);
        Shape blocked = Blocks(node);
        Value split = blocked.Equals(x.Shape) ? x : formula.Reshape(x, [.. blocked]);
        Value scale = Parameter(node, 1, formula, blocked);
        Value? zero = node.OptionalInput(2) is null ? null : Parameter(node, 2, formula, blocked);
        Value result;
        if (Quantizes)
        {
            (double low, double high) = Range(node.Output.ElementType)!.Value;
            Value rounded = formula.Apply("Round", formula.Divide(split, scale));
            Value shifted = zero is null ? rounded : formula.Add(rounded, zero);
            result = context.Add("Clip", shifted, formula.Number(low, shifted), formula.Number(high, shifted));
        }
        else
        {
            result = formula.Multiply(zero is null ? split : formula.Subtract(split, zero), scale);
        }

        if (!blocked.Equals(x.Shape))
        {
            result = formula.ReshapeLike(result, x);
        }

        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    /// <summary>Smallest and largest number of an integer type that values are quantised to; null for others.</summary>
    private static (double Low, double High)? Range(ElementType type) => type switch
    {
        ElementType.UInt8 => (0, 255),
        ElementType.Int8 => (-128, 127),
        ElementType.UInt16 => (0, 65535),
        ElementType.Int16 => (-32768, 32767),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        ElementType.UInt4 => (0, 15),
        ElementType.Int4 => (-8, 7),
        ElementType.UInt2 => (0, 3),
        ElementType.Int2 => (-2, 1),
        _ => null,
    };

    private static long BlockSize(Node node) => node.IntegerAttribute("block_size", 0);

    private static int Axis(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        // Scales before version 13 are scalars, and a vector of one element has no axis that matters.
        return rank == 0 ? 0 : ShapeMath.Axis(node, node.IntegerAttribute("axis", rank == 1 ? 0 : 1), rank);
    }

    private static ElementType QuantizedType(Node node) => node.OptionalInput(2) is { } zero ? zero.ElementType
        : node.IntegerAttribute("output_dtype", 0) is var type and not 0 ? (ElementType)type
        : ElementType.UInt8;

    private static ElementType DequantizedType(Node node) =>
        node.IntegerAttribute("output_dtype", 0) is var type and not 0 ? (ElementType)type : node.Input(1).ElementType;

    /// <summary>The input's shape with a blocked axis split into blocks and their elements.</summary>
    private static Shape Blocks(Node node)
    {
        Shape shape = node.Input(0).Shape;
        long size = BlockSize(node);
        if (size == 0)
        {
            return shape;
        }

        int axis = Axis(node);
        Dimension blocks = node.Input(1).Shape[axis];
        if (blocks * size != shape[axis])
        {
            throw ModelException.Unsupported(node, $"{shape[axis]} elements in blocks of {size} leave a partial block");
        }

        return new Shape([.. shape.Take(axis), blocks, size, .. shape.Skip(axis + 1)]);
    }

    /// <summary>A scale or zero point as float32, along its axis.</summary>
    private static Value Parameter(Node node, int input, Formula formula, Shape blocked)
    {
        Value parameter = formula.Cast(node.Input(input), ElementType.Float32);
        int axis = Axis(node);
        if (BlockSize(node) > 0)
        {
            return formula.Reshape(parameter, [.. parameter.Shape.Take(axis + 1), 1, .. parameter.Shape.Skip(axis + 1)]);
        }

        return parameter.Shape.ElementCount.Value == 1 ? formula.Reshape(parameter) : formula.AlongAxis(parameter, axis, blocked.Rank);
    }
}
