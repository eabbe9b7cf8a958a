using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A spelling that resembles a pattern but was left as it is: the model works, by simpler nodes.</summary>
/// <param name="Pattern">What it resembles: one of <see cref="PatternNames"/>.</param>
/// <param name="Node">The node at which the resemblance was seen.</param>
/// <param name="Reason">What stood in the way, for the user.</param>
/// <param name="IsHarmless">Whether the pattern would change nothing, so that the miss is for reports alone and the user need not hear of it.</param>
internal sealed record RecognitionMiss(string Pattern, Node Node, string Reason, bool IsHarmless = false);
