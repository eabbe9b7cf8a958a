using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>What an attention's kernel does to each score before the softmax (<see cref="AttentionNode.Modification"/>).</summary>
/// <param name="Expression">The score that the softmax sees, in float32: input 0 is the scaled product, the next four are the indices of row, head, query and key, and those behind them the node's
/// inputs from <see cref="AttentionNode.InputCount"/> on, broadcast to [batch, heads, queries, keys].</param>
internal sealed record AttentionModification(Expression Expression)
{
    /// <summary>Inputs of the expression before those of the node.</summary>
    public const int FirstTensor = 5;

    public override string ToString() => "score => …";
}
