using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>A tensor of a model with the path that tells where it stands.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="Path">An initializer's name, or node and attribute, preceded by the function and the nodes around it.</param>
/// <param name="IsInitializer">False for the value of an attribute.</param>
/// <param name="IsStructure">Whether the compiler must see the elements, whatever their number: the nodes of decision trees, tables of labels.</param>
internal sealed record NamedTensor(TensorProto Tensor, string Path, bool IsInitializer, bool IsStructure = false);
