namespace Cameo.Generator.Passes.Recognition;

/// <summary>What a node does to scores.</summary>
internal enum ScoreLinkKind
{
    /// <summary>Another shape or another precision.</summary>
    Move,
    Scaling,
    Tanh,
    Addition,
    Replacement,
    Floor,
}
