using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>A tensor of a model with the path that tells where it stands.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="Path">An initializer's name, or node and attribute, preceded by the function and the nodes around it.</param>
/// <param name="IsInitializer">False for the value of an attribute.</param>
internal sealed record NamedTensor(TensorProto Tensor, string Path, bool IsInitializer);
