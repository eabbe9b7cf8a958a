using Cameo.Generator.Onnx.Proto;

namespace Cameo.Tests.Infrastructure;

/// <summary>A tensor of the test data.</summary>
/// <param name="Name">The value's name; often empty.</param>
/// <param name="ElementType">The element type.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Bytes">The elements as raw little-endian bytes (4-bit and 2-bit ones packed from the lowest bits); empty for strings.</param>
/// <param name="Strings">The elements of a string tensor as UTF-8 bytes; null for other types.</param>
internal sealed record StoredTensor(
    string Name,
    TensorProto.Types.DataType ElementType,
    IReadOnlyList<long> Shape,
    byte[] Bytes,
    IReadOnlyList<byte[]>? Strings);
