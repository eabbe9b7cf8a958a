namespace Cameo.Generator.Graphs;

/// <summary>How a model's key/value caches advance with each run; all of them advance together.</summary>
/// <param name="Rows">Rows of the batch.</param>
/// <param name="PositionSymbol">The symbol that stands for the length of the past; null for caches of fixed shape.</param>
/// <param name="NewTokens">Tokens a run appends to each row, padding included.</param>
/// <param name="Capacity">Tokens a row can hold.</param>
/// <param name="CapacityOption">What the user sets to raise the capacity, for messages.</param>
/// <param name="Lengths">What tells how many tokens each row has.</param>
internal sealed record SequencePlan(Dimension Rows, string? PositionSymbol, Dimension NewTokens, int Capacity, string CapacityOption, RowLengths Lengths)
{
    /// <summary>The input [rows, past + new] that is 0 at padding; null where there is none.</summary>
    public Value? Mask => Lengths.Kind is RowLengthsKind.Mask or RowLengthsKind.CountedMask ? Lengths.Input : null;
}
