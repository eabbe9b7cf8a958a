namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>What the masks of an attention say, in terms of the canonical node: a query sees a key where all of it holds.</summary>
/// <param name="IsCausal">No key behind the query's own position.</param>
/// <param name="Window">Keys up to the query's own position that it sees; 0 for all.</param>
/// <param name="Conditions">Elements that must have certain values.</param>
/// <param name="FullyMasked">What a query that may see no key gives: "nan" or "uniform"; <see langword="null"/> where every query sees one, or where the answer has no name.</param>
/// <param name="CanBeFullyMasked">Whether there can be such a query.</param>
internal sealed record MaskFinding(bool IsCausal, long Window, IReadOnlyList<MaskCondition> Conditions, string? FullyMasked, bool CanBeFullyMasked);
