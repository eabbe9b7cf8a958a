using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>The key and value caches of one attention, as the model has them.</summary>
/// <param name="Attention">The canonical node.</param>
/// <param name="Key">Past and present of the keys.</param>
/// <param name="Value">Past and present of the values.</param>
internal sealed record AppendedCache(Node Attention, CacheEnds Key, CacheEnds Value)
{
    public bool IsCombined => Key.Input == Value.Input;

    /// <summary>Length of the past.</summary>
    public Dimension Past => Attention.Input(AttentionNode.PastKey).Shape[2];

    public Dimension Rows => Attention.Input(AttentionNode.PastKey).Shape[0];

    public Dimension NewTokens => new AttentionSizes(Attention).KeyLength;
}

/// <summary>Where a cache comes from and goes to.</summary>
/// <param name="Input">The graph input.</param>
/// <param name="Output">Index among the graph's outputs.</param>
internal sealed record CacheEnds(Value Input, int Output);
