using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A node on the way from the product of queries and keys to the softmax.</summary>
/// <param name="Kind">What it does to the scores.</param>
/// <param name="Node">The node.</param>
/// <param name="Input">The scores before it.</param>
internal sealed record ScoreLink(ScoreLinkKind Kind, Node Node, Value Input)
{
    /// <summary>What is added, the factor, the floor, or the condition of a replacement.</summary>
    public Value? Other { get; init; }

    public bool IsDivision { get; init; }

    /// <summary>What takes the scores' place.</summary>
    public Value? Replacement { get; init; }

    /// <summary>The truth of the condition where it does.</summary>
    public bool ReplacesWhere { get; init; }
}
