using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What operators on quantised tensors have in common: their inputs as QuantizeLinear and DequantizeLinear nodes, and requantisation.</summary>
internal static class LinearQuantization
{
    /// <summary>round(x / scale) + zero point, clamped to a type's range, still as float32: the cast follows.</summary>
    public static Value Quantize(ExpansionContext context, Value x, Value scale, Value? zero, ElementType type)
    {
        var formula = new Formula(context);
        return Clamp(context, formula.Apply("Round", formula.Divide(x, scale)), zero, type);
    }

    /// <summary>x / scale + zero point, for types whose conversion rounds.</summary>
    public static Value Scaled(Formula formula, Value x, Value scale, Value? zero) => formula.Divide(x, scale) is var scaled && zero is null ? scaled : formula.Add(scaled, zero);

    /// <summary>round(x · factor) + zero point, clamped, as elements of the type.</summary>
    public static Value Requantize(ExpansionContext context, Value x, Value factor, Value? zero, ElementType type)
    {
        var formula = new Formula(context);
        Value? number = zero is null ? null : Scalar(formula, formula.Cast(zero, ElementType.Float32));
        if (type.IsSmallFloat())
        {
            // The conversion itself rounds and saturates.
            Value product = formula.Multiply(x, factor);
            return formula.Cast(number is null ? product : formula.Add(product, number), type);
        }

        return formula.Cast(Clamp(context, formula.Apply("Round", formula.Multiply(x, factor)), number, type), type);
    }

    /// <summary>A quantised input of an operator as floating-point numbers; a missing zero point is 0.</summary>
    public static Value Dequantize(ExpansionContext context, Value x, Value scale, Value? zero) => zero is null
        ? context.Add("DequantizeLinear", x, Scalar(new Formula(context), scale))
        : context.Add("DequantizeLinear", x, Scalar(new Formula(context), scale), Scalar(new Formula(context), zero));

    /// <summary>A result as elements of a quantised type; a missing zero point is 0.</summary>
    public static Value Quantize(ExpansionContext context, Value y, Value scale, ElementType type, Value? zero) => zero is null
        ? context.Add("QuantizeLinear", [("output_dtype", (long)type)], y, Scalar(new Formula(context), scale))
        : context.Add("QuantizeLinear", y, Scalar(new Formula(context), scale), Scalar(new Formula(context), zero));

    /// <summary>A parameter with one element as a scalar, others as they are.</summary>
    public static Value Scalar(Formula formula, Value parameter) => parameter.Shape.ElementCount.Value == 1 ? formula.Reshape(parameter) : parameter;

    /// <summary>Bytes [.., n] as elements of 2, 4 or 8 bits, one to a byte, lowest bits first unless it says otherwise: for tensors that are not constant.</summary>
    public static Value Unpack(Value bytes, long bits, ExpansionContext context, bool highestFirst = false)
    {
        if (bits == 8)
        {
            return bytes;
        }

        var formula = new Formula(context);
        long perByte = 8 / bits;
        Shape shape = bytes.Shape;
        Value shifts = context.Graph.AddConstant("shifts", ConstantElements.FromIntegers([.. Enumerable.Range(0, (int)perByte).Select(index => (highestFirst ? perByte - 1 - index : index) * bits)], new TensorType(ElementType.UInt8, Shape.Of(perByte))));
        Value shifted = context.Add("BitShift", [("direction", "RIGHT")], formula.Reshape(bytes, [.. shape, Dimension.One]), shifts);
        Value elements = context.Add("BitwiseAnd", shifted, formula.Number((1 << (int)bits) - 1, shifted));
        return formula.Reshape(elements, [.. shape.Take(shape.Rank - 1), shape[shape.Rank - 1] * perByte]);
    }

    /// <summary>The first elements along the last axis.</summary>
    public static Value First(Value x, long count, ExpansionContext context)
    {
        int axis = x.Shape.Rank - 1;
        return x.Shape[axis].Value == count ? x : context.Add("Slice", x, context.Integers(0), context.Integers(count), context.Integers(axis));
    }

    private static Value Clamp(ExpansionContext context, Value rounded, Value? zero, ElementType type)
    {
        var formula = new Formula(context);
        QuantizedRange range = QuantizedRange.TryFind(type)!.Value;
        Value shifted = zero is null ? rounded : formula.Add(rounded, zero);
        return context.Add("Clip", shifted, formula.Number(range.Low, shifted), formula.Number(range.High, shifted));
    }
}
