namespace Cameo.Benchmarks.Peers;

/// <summary>A tensor given to or taken from ONNX Runtime.</summary>
/// <param name="ElementType">Element type by ONNX's number (1 is float32, 7 is int64).</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Bytes">Its elements, row-major, little-endian.</param>
internal sealed record OnnxRuntimeTensor(int ElementType, long[] Shape, byte[] Bytes)
{
    /// <summary>Bytes of an element of a type by ONNX's number.</summary>
    public static int ElementSize(int elementType) => elementType switch
    {
        2 or 3 or 9 => 1, // uint8, int8, bool
        4 or 5 or 10 or 16 => 2, // uint16, int16, float16, bfloat16
        1 or 6 or 12 => 4, // float, int32, uint32
        7 or 11 or 13 => 8, // int64, double, uint64
        _ => throw new NotSupportedException($"ONNX element type {elementType} has no fixed size here."),
    };
}
