using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>Reads the contents of a tensor once, front to back, and notes facts about them.</summary>
internal static class TensorFactsScanner
{
    // A multiple of every element size; large enough to make reading cheap, small enough to stay in the second-level cache.
    private const int BufferSize = 1 << 18;

    /// <param name="data">The raw elements; exactly <paramref name="byteLength"/> bytes are read.</param>
    /// <param name="type">The element type.</param>
    /// <param name="dimensions">The tensor's shape.</param>
    /// <param name="byteLength">The length of the raw elements.</param>
    /// <param name="weight">The tensor's name in the index.</param>
    /// <exception cref="ImportException">The data end early or can't be decoded.</exception>
    public static TensorFacts Scan(Stream data, DataType type, IReadOnlyList<long> dimensions, long byteLength, string weight)
    {
        int bits = ElementTypes.Bits(type);
        bool floatingPoint = ElementTypes.IsFloatingPoint(type);
        UniformScanner uniform = new(Math.Max(bits / 8, 1));
        TriangleScanner? triangles = CreateTriangleScanner(bits, dimensions);
        RangeScanner range = new();
        bool finite = true;
        bool half = type == DataType.Float;

        byte[] buffer = new byte[(int)Math.Min(BufferSize, byteLength)];
        for (long position = 0; position < byteLength;)
        {
            int count = (int)Math.Min(buffer.Length, byteLength - position);
            data.ReadFully(buffer, count);
            ReadOnlySpan<byte> elements = buffer.AsSpan(0, count);
            uniform.Add(elements);
            triangles?.Add(elements);
            range.Add(type, elements);
            finite = finite && floatingPoint && FiniteScanner.AreFinite(type, elements);
            half = half && HalfScanner.AreHalf(elements);
            position += count;
        }

        // Where a tensor is uniform, its triangles say nothing more.
        ulong? value = bits >= 8 ? uniform.Value : UniformBelowByte(uniform.Value, bits, dimensions);
        return new TensorFacts
        {
            Weight = weight,
            ByteLength = byteLength,
            Uniform = value,
            LowerTriangle = value is null ? triangles?.Lower : null,
            UpperTriangle = value is null ? triangles?.Upper : null,
            Minimum = range.Minimum,
            Maximum = range.Maximum,
            AllFinite = floatingPoint ? finite : null,

            // Said only where it is so: it rarely is, and then nobody asks.
            AllHalf = half ? true : null,
        };
    }

    private static TriangleScanner? CreateTriangleScanner(int bits, IReadOnlyList<long> dimensions)
    {
        int rank = dimensions.Count;
        bool square = rank >= 2 && dimensions[rank - 1] == dimensions[rank - 2] && dimensions[rank - 1] > 1;
        return square && bits >= 8 ? new TriangleScanner(bits / 8, dimensions[rank - 1]) : null;
    }

    // Bytes are equal; the elements are if all in one byte are. A last byte that is not full has zeros in it and differs from the others unless
    // everything is zero, so a uniform tensor with such an end is not found: nothing depends on it.
    private static ulong? UniformBelowByte(ulong? bytes, int bits, IReadOnlyList<long> dimensions)
    {
        if (bytes is not { } value || ElementTypes.ElementCount(dimensions) < 8 / bits)
        {
            return null;
        }

        ulong element = value & ((1UL << bits) - 1);
        for (int shift = bits; shift < 8; shift += bits)
        {
            if (((value >> shift) & ((1UL << bits) - 1)) != element)
            {
                return null;
            }
        }

        return element;
    }
}
