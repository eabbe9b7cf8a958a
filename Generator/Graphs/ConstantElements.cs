namespace Cameo.Generator.Graphs;

/// <summary>Reads and writes the elements of small constants.</summary>
internal static class ConstantElements
{
    /// <summary>More elements than this are no shape arithmetic.</summary>
    private const int MaximumElements = 1024;

    /// <summary>The elements of an integer or boolean tensor of rank 0 or 1, or <see langword="null"/> when it is something else.</summary>
    public static IReadOnlyList<Dimension>? TryRead(ConstantTensor constant)
    {
        if (constant is not InlineConstant inline || constant.Type.Rank > 1 || inline.Count > MaximumElements)
        {
            return null;
        }

        return inline.Type.ElementType is ElementType.Int64 or ElementType.Int32 or ElementType.Boolean
            ? [.. ReadIntegers(inline).Select(Dimension.Of)]
            : null;
    }

    /// <summary>All elements of an integer or boolean constant, the handles of a string one.</summary>
    public static long[] ReadIntegers(InlineConstant constant)
    {
        byte[] data = constant.Data;
        var elements = new long[constant.Count];
        for (int index = 0; index < elements.Length; index++)
        {
            elements[index] = constant.Type.ElementType switch
            {
                ElementType.Int64 or ElementType.String => BitConverter.ToInt64(data, index * 8),
                ElementType.UInt64 => unchecked((long)BitConverter.ToUInt64(data, index * 8)),
                ElementType.Int32 => BitConverter.ToInt32(data, index * 4),
                ElementType.UInt32 => BitConverter.ToUInt32(data, index * 4),
                ElementType.Int16 => BitConverter.ToInt16(data, index * 2),
                ElementType.UInt16 => BitConverter.ToUInt16(data, index * 2),
                ElementType.Int8 => unchecked((sbyte)data[index]),
                ElementType.UInt8 or ElementType.Boolean => data[index],
                _ => throw new InvalidOperationException($"{constant.Type} is not an integer tensor."),
            };
        }

        return elements;
    }

    /// <summary>All elements of a numeric constant as double; exact for float32, float64 and integers up to 53 bits.</summary>
    public static double[] ReadDoubles(InlineConstant constant)
    {
        byte[] data = constant.Data;
        switch (constant.Type.ElementType)
        {
            case ElementType.Float32:
                return [.. Enumerable.Range(0, (int)constant.Count).Select(index => (double)BitConverter.ToSingle(data, index * 4))];
            case ElementType.Float64:
                return [.. Enumerable.Range(0, (int)constant.Count).Select(index => BitConverter.ToDouble(data, index * 8))];
            case ElementType.Float16:
                return [.. Enumerable.Range(0, (int)constant.Count).Select(index => HalfPrecision.ToDouble(BitConverter.ToUInt16(data, index * 2)))];
            case ElementType.BFloat16:
                return [.. Enumerable.Range(0, (int)constant.Count).Select(index => (double)HalfPrecision.BrainToSingle(BitConverter.ToUInt16(data, index * 2)))];
            default:
                return [.. ReadIntegers(constant).Select(value => (double)value)];
        }
    }

    /// <summary>An int64 constant of rank 1.</summary>
    public static InlineConstant FromIntegers(IReadOnlyList<long> values) =>
        FromIntegers(values, new TensorType(ElementType.Int64, Shape.Of(values.Count)));

    /// <summary>A constant of the given type: integers, booleans, or the handles of strings.</summary>
    public static InlineConstant FromIntegers(IReadOnlyList<long> values, TensorType type)
    {
        int bytes = type.ElementType.Bytes();
        var data = new byte[values.Count * bytes];
        for (int index = 0; index < values.Count; index++)
        {
            byte[] element = BitConverter.GetBytes(values[index]);
            Array.Copy(element, 0, data, index * bytes, bytes);
        }

        return new InlineConstant(type, data);
    }

    /// <summary>A float32 constant.</summary>
    public static InlineConstant FromFloats(IReadOnlyList<float> values, Shape shape) =>
        new(new TensorType(ElementType.Float32, shape), [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>The value of a constant with one element, as double.</summary>
    public static double? TryReadScalar(ConstantTensor? constant) =>
        constant is InlineConstant { Count: 1 } inline && (inline.Type.ElementType.IsInteger() || inline.Type.ElementType.IsFloat() || inline.Type.ElementType == ElementType.Boolean)
            ? ReadDoubles(inline)[0]
            : null;
}
