using System.Text;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>Turns a <see cref="TensorProto"/> of the graph text into a constant: with its bytes where the text has them, by reference where it does not.</summary>
internal static class TensorReader
{
    // ONNX's strings are UTF-8: replaced bytes would make different texts equal.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a tensor; <paramref name="name"/> is used in messages. Its strings are added to <paramref name="texts"/>.</summary>
    public static ConstantTensor Read(TensorProto tensor, string name, TextTable texts)
    {
        var elementType = (ElementType)tensor.DataType;
        long[] sizes = [.. tensor.Dims];
        if (sizes.Any(size => size < 0))
        {
            throw new ModelException(null, $"tensor '{name}' has a negative size");
        }

        if (elementType is ElementType.Undefined or ElementType.Complex64 or ElementType.Complex128)
        {
            throw new ModelException(null, $"tensor '{name}' has element type {elementType.OnnxName()}, which is not supported", unsupported: true);
        }

        var type = new TensorType(elementType, Shape.Of(sizes));
        if (elementType == ElementType.String)
        {
            return ReadTexts(tensor, type, name, texts);
        }

        if (TensorFacts.Read(tensor) is { } facts)
        {
            return new WeightConstant(type, Expression(facts, elementType, sizes));
        }

        return new InlineConstant(type, ReadBytes(tensor, type, name));
    }

    private static InlineConstant ReadTexts(TensorProto tensor, TensorType type, string name, TextTable texts)
    {
        if (tensor.StringData.Count != type.Shape.ElementCount.Constant)
        {
            throw new ModelException(null, $"tensor '{name}' of type {type} has {tensor.StringData.Count} strings instead of {type.Shape.ElementCount}");
        }

        try
        {
            return texts.Constant(tensor.StringData.Select(text => Utf8.GetString(text.ToByteArray())), type.Shape);
        }
        catch (DecoderFallbackException)
        {
            throw new ModelException(null, $"tensor '{name}' has a string that is not UTF-8");
        }
    }

    /// <summary>A tensor that is one value everywhere needs no bytes of the model.</summary>
    private static WeightExpression Expression(TensorFacts facts, ElementType elementType, long[] sizes) =>
        facts.Uniform is { } bits && elementType.Bits() >= 8
            ? new WeightFill([.. BitConverter.GetBytes(bits).Take(elementType.Bytes())], elementType, sizes)
            : new WeightSource(facts.Weight, elementType, sizes)
            {
                Triangles = facts is { LowerTriangle: { } lower, UpperTriangle: { } upper } ? (lower, upper) : null,
                IsHalf = facts.AllHalf == true,
            };

    private static byte[] ReadBytes(TensorProto tensor, TensorType type, string name)
    {
        ElementType element = type.ElementType;
        long count = type.Shape.ElementCount.Constant;
        byte[] data;
        if (tensor.HasRawData)
        {
            data = tensor.RawData.ToByteArray();
            if (element.Bits() < 8)
            {
                data = Unpack(data, element, count);
            }
        }
        else if (tensor.FloatData.Count > 0)
        {
            data = [.. tensor.FloatData.SelectMany(BitConverter.GetBytes)];
        }
        else if (tensor.DoubleData.Count > 0)
        {
            data = [.. tensor.DoubleData.SelectMany(BitConverter.GetBytes)];
        }
        else if (tensor.Int64Data.Count > 0)
        {
            data = [.. tensor.Int64Data.SelectMany(BitConverter.GetBytes)];
        }
        else if (tensor.Uint64Data.Count > 0)
        {
            data = [.. tensor.Uint64Data.SelectMany(value => BitConverter.GetBytes(value).Take(element.Bytes()))];
        }
        else
        {
            // int32_data holds every narrower type, one element each; types below a byte come packed, a byte's worth each.
            byte[] narrow = [.. tensor.Int32Data.SelectMany(value => BitConverter.GetBytes(value).Take(element.Bytes()))];
            data = element.Bits() < 8 ? Unpack(narrow, element, count) : narrow;
        }

        return data.Length == count * element.Bytes()
            ? data
            : throw new ModelException(null, $"tensor '{name}' of type {type} has {data.Length} bytes of data instead of {count * element.Bytes()}");
    }

    /// <summary>Widens elements of 2 or 4 bits, stored lowest bits first, to a byte each.</summary>
    private static byte[] Unpack(byte[] packed, ElementType element, long count)
    {
        int bits = element.Bits();
        int perByte = 8 / bits;
        if (packed.Length != (count + perByte - 1) / perByte)
        {
            return packed;
        }

        var data = new byte[count];
        for (long index = 0; index < count; index++)
        {
            int value = (packed[index / perByte] >> (int)(index % perByte * bits)) & ((1 << bits) - 1);
            bool negative = element is ElementType.Int4 or ElementType.Int2 && value >= 1 << (bits - 1);
            data[index] = unchecked((byte)(negative ? value - (1 << bits) : value));
        }

        return data;
    }
}
