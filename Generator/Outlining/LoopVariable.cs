namespace Cameo.Generator.Outlining;

/// <summary>The number of a repetition.</summary>
/// <param name="Name">C# name.</param>
/// <param name="Count">Number of repetitions.</param>
internal sealed record LoopVariable(string Name, int Count);
