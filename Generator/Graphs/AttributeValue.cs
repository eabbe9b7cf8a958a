namespace Cameo.Generator.Graphs;

/// <summary>A node's attribute: one of ONNX's kinds, already read. <see cref="Value"/> is <c>long</c>, <c>float</c>, <c>string</c>, an array of one of them,
/// a <see cref="ConstantTensor"/>, a <see cref="Graph"/> or an array of graphs.</summary>
internal sealed record AttributeValue(string Name, object Value);
