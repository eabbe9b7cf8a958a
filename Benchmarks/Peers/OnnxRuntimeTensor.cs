namespace Cameo.Benchmarks.Peers;

/// <summary>A tensor given to or taken from ONNX Runtime.</summary>
/// <param name="ElementType">Element type by ONNX's number (1 is float32, 7 is int64).</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Bytes">Its elements, row-major, little-endian.</param>
internal sealed record OnnxRuntimeTensor(int ElementType, long[] Shape, byte[] Bytes);
