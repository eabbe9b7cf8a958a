using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A sequence or optional of a session.</summary>
/// <param name="Name">The value it was made for.</param>
/// <param name="ElementType">Type of the tensors' elements.</param>
/// <param name="IsInput">Whether a run gets it from the caller.</param>
internal sealed record SequenceVariable(string Name, ElementType ElementType, bool IsInput);
