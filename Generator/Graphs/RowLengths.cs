namespace Cameo.Generator.Graphs;

/// <summary>What tells how many tokens each row of a batch has.</summary>
/// <param name="Kind">How it tells.</param>
/// <param name="Input">The graph input that tells; null where all rows append all tokens.</param>
/// <param name="Offset">What the graph adds to the input's numbers to get the tokens of a row after the run.</param>
internal sealed record RowLengths(RowLengthsKind Kind, Value? Input, Dimension Offset)
{
    public static readonly RowLengths AllTokens = new(RowLengthsKind.AllTokens, null, Dimension.Zero);
}
