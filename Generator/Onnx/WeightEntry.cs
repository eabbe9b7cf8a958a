using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>Where a tensor's elements lie.</summary>
/// <param name="Name">The tensor's name among the weights: unique, and the same as <see cref="TensorFacts.Weight"/> in the graph text.</param>
/// <param name="File">The index of the file in <see cref="WeightIndex.Files"/>.</param>
/// <param name="Storage">How the file holds the elements.</param>
/// <param name="Offset">Where they begin in the file, in bytes.</param>
/// <param name="Length">How many bytes they take in the file.</param>
/// <param name="ElementType">The element type.</param>
/// <param name="Dimensions">The shape.</param>
/// <param name="ByteLength">The length of the elements in raw form.</param>
internal sealed record WeightEntry(
    string Name,
    int File,
    WeightStorage Storage,
    long Offset,
    long Length,
    TensorProto.Types.DataType ElementType,
    IReadOnlyList<long> Dimensions,
    long ByteLength);
