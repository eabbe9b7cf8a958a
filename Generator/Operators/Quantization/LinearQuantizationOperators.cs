using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// QuantizeLinear and DequantizeLinear: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html. One scale for all,
/// one an index of an axis (version 13), or one a block along an axis (<c>block_size</c>, version 21; the last block may be partial). Version 21 adds 4- and 16-bit
/// integers and <c>output_dtype</c>, 23 the result's type of DequantizeLinear. (x - zero point) · scale, and round-half-even(x / scale) + zero point, clamped, as pointwise
/// operators in float32. For float8 and float4 (versions 19 and 23) the conversion itself rounds, and saturates unless <c>saturate</c> is 0.
/// </summary>
internal sealed class LinearQuantizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new LinearQuantizationOperators("QuantizeLinear", ""),
        new LinearQuantizationOperators("DequantizeLinear", ""),
        new LinearQuantizationOperators("QuantizeLinear", PointwiseFunction.MicrosoftDomain),
        new LinearQuantizationOperators("DequantizeLinear", PointwiseFunction.MicrosoftDomain),
    ];

    /// <summary>Scales of float8e8m0 are powers of two, those of int32 come with int32 that are quantised.</summary>
    private static readonly ElementTypeSet ScaleTypes = new("floating-point numbers, float8e8m0 and int32", static type => type.IsFloat() || type is ElementType.Float8E8M0 or ElementType.Int32);

    private LinearQuantizationOperators(string type, string domain)
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
        ScaleTypes.Require(node, 1);
        ElementType type = Quantizes ? QuantizedType(node) : DequantizedType(node);
        ElementType integers = Quantizes ? type : x.ElementType;
        if (QuantizedRange.TryFind(integers) is null && !integers.IsSmallFloat())
        {
            throw ModelException.Unsupported(node, $"quantisation as {integers.OnnxName()} is not supported");
        }

        Shape scale = node.Input(1).Shape;
        if (scale.ElementCount.Value != 1 && BlockSize(node) == 0 && (scale.Rank != 1 || (scale[0] - x.Shape[Axis(node)]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"scales of shape {scale} do not fit axis {Axis(node)} of {x.Shape}");
        }

        if (BlockSize(node) > 0)
        {
            CheckBlocks(node, x.Shape, scale);
        }

        context.SetType(node.Output, new TensorType(type, x.Shape));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Cast(node.Input(0), ElementType.Float32);
        Shape blocked = Blocks(node);
        Value split = blocked.Equals(x.Shape) ? x : formula.Reshape(x, [.. blocked]);
        Value scale = Parameter(node, 1, formula, context, blocked);
        Value? zero = node.OptionalInput(2) is null ? null : Parameter(node, 2, formula, context, blocked);
        Value result = Quantizes
            ? node.Output.ElementType.IsSmallFloat() ? LinearQuantization.Scaled(formula, split, scale, zero) : LinearQuantization.Quantize(context, split, scale, zero, node.Output.ElementType)
            : formula.Multiply(zero is null ? split : formula.Subtract(split, zero), scale);
        if (!blocked.Equals(x.Shape))
        {
            result = formula.ReshapeLike(result, x);
        }

        context.Replace(node.Output, node.Output.ElementType.IsSmallFloat()
            ? context.Add("Cast", [("to", (long)node.Output.ElementType), ("saturate", node.IntegerAttribute("saturate", 1))], result)
            : formula.Cast(result, node.Output.ElementType));
        return true;
    }

    /// <summary>Elements of a block; 0 where the node has none.</summary>
    public static long BlockSize(Node node) => node.IntegerAttribute("block_size", 0);

    /// <summary>The axis that scales run along.</summary>
    public static int Axis(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        // Scales before version 13 are scalars, and one scale has no axis that matters.
        return rank == 0 || (BlockSize(node) == 0 && node.Input(1).Shape.ElementCount.Value == 1) ? 0 : ShapeMath.Axis(node, node.IntegerAttribute("axis", rank == 1 ? 0 : 1), rank);
    }

    private static void CheckBlocks(Node node, Shape x, Shape scale)
    {
        int axis = Axis(node);
        if (scale.Rank != x.Rank)
        {
            throw new ModelException(node, $"scales of shape {scale} have another rank than {x}");
        }

        for (int other = 0; other < x.Rank; other++)
        {
            Dimension expected = other == axis ? Dimension.CeilingDivide(x[other], BlockSize(node)) : x[other];
            if ((scale[other] - expected).Value is not (null or 0))
            {
                throw new ModelException(node, $"scales of shape {scale} do not fit blocks of {BlockSize(node)} along axis {axis} of {x}");
            }
        }
    }

    private static ElementType QuantizedType(Node node) => node.OptionalInput(2) is { } zero ? zero.ElementType
        : node.IntegerAttribute("output_dtype", 0) is var type and not 0 ? (ElementType)type
        : ElementType.UInt8;

    private static ElementType DequantizedType(Node node) =>
        node.IntegerAttribute("output_dtype", 0) is var type and not 0 ? (ElementType)type : node.Input(1).ElementType is var scale && scale.IsFloat() ? scale : ElementType.Float32;

    /// <summary>The input's shape with a blocked axis split into blocks and their elements; unchanged where the last block is partial.</summary>
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
        return blocks * size == shape[axis] ? new Shape([.. shape.Take(axis), blocks, size, .. shape.Skip(axis + 1)]) : shape;
    }

    /// <summary>A scale or zero point as float32, broadcastable to the blocked input.</summary>
    private static Value Parameter(Node node, int input, Formula formula, ExpansionContext context, Shape blocked)
    {
        Value parameter = formula.Cast(node.Input(input), ElementType.Float32);
        int axis = Axis(node);
        long size = BlockSize(node);
        if (size == 0)
        {
            return parameter.Shape.ElementCount.Value == 1 ? formula.Reshape(parameter) : formula.AlongAxis(parameter, axis, blocked.Rank);
        }

        Value apart = formula.Reshape(parameter, [.. parameter.Shape.Take(axis + 1), 1, .. parameter.Shape.Skip(axis + 1)]);
        return blocked.Rank > parameter.Shape.Rank ? apart : Repeat(node, apart, axis, size, formula, context);
    }

    /// <summary>A parameter a block, repeated for every element, since a partial last block has no shape of its own.</summary>
    private static Value Repeat(Node node, Value apart, int axis, long size, Formula formula, ExpansionContext context)
    {
        Dimension count = node.Input(0).Shape[axis];
        if (!count.IsStatic || apart.Shape.Any(dimension => !dimension.IsStatic))
        {
            throw ModelException.Unsupported(node, $"{count} elements in blocks of {size} may leave a partial block");
        }

        long[] repeated = [.. apart.Shape.Select((dimension, index) => index == axis + 1 ? size : dimension.Constant)];
        Value elements = context.Add("Expand", apart, context.Integers(repeated));
        Value flat = formula.Reshape(elements, [.. apart.Shape.Take(axis), apart.Shape[axis] * size, .. apart.Shape.Skip(axis + 2)]);
        return context.Add("Slice", flat, context.Integers(0), context.Integers(count.Constant), context.Integers(axis));
    }
}
