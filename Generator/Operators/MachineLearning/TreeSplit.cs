namespace Cameo.Generator.Operators;

/// <summary>
/// A node of the canonical kind: a row goes to <paramref name="First"/> where its feature is at most the threshold (or is no number, where <paramref name="MissingFirst"/> says so),
/// else to <paramref name="Second"/>. Children are numbers of splits, or the complements of numbers of leaves.
/// </summary>
internal readonly record struct TreeSplit(int Feature, double Threshold, bool MissingFirst, int First, int Second);
