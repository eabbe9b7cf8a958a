using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Pointwise work that a contraction does on each result before storing it.</summary>
/// <param name="Output">The value that is stored: the contraction's own, or that of the last fused node.</param>
/// <param name="Expression">The stored element; input 0 is the contraction's result, input <c>i</c> is <c>Inputs[i - 1]</c>. Null when there is nothing to do.</param>
/// <param name="Inputs">Other operands, each broadcast to the output's shape.</param>
/// <param name="Nodes">The ONNX nodes of the whole group.</param>
internal sealed record FusedEpilogue(Value Output, Expression? Expression, IReadOnlyList<View> Inputs, IReadOnlyList<string> Nodes);
