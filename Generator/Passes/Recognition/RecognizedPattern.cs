using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A spelling that was recognised.</summary>
/// <param name="Pattern">What it computes: one of <see cref="PatternNames"/>.</param>
/// <param name="NodeName">The name of the canonical node that stands for it now.</param>
/// <param name="Origins">The model's nodes that it was made of, as in <see cref="Node.Origins"/>.</param>
internal sealed record RecognizedPattern(string Pattern, string NodeName, IReadOnlyList<string> Origins);
