namespace Cameo.Descriptions;

/// <summary>A computation that the compiler knows by name, at one or more places of the model.</summary>
/// <param name="Pattern">Its name, such as <c>rmsnorm</c> or <c>attention</c>.</param>
/// <param name="Nodes">Name of the node; for several what their names have in common, such as <c>layers.{0..29}.norm</c>.</param>
/// <param name="Count">Number of places.</param>
public sealed record PatternDescription(string Pattern, string Nodes, int Count)
{
    /// <summary>What stood in the way; empty where the pattern was recognised.</summary>
    public string Reason { get; init; } = "";
}
