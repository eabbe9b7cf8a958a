namespace Cameo.Generator.Graphs;

/// <summary>The ways in which models tell how many tokens a row has.</summary>
internal enum RowLengthsKind
{
    /// <summary>They don't: each row appends all tokens of the run.</summary>
    AllTokens,

    /// <summary>A mask [rows, past + new] over all columns, 0 at padding.</summary>
    Mask,

    /// <summary>The number of ones in a row of such a mask; which ones does not matter.</summary>
    CountedMask,

    /// <summary>Integers [rows]: tokens of each row after the run, less the offset.</summary>
    Totals,

    /// <summary>Integers [rows]: the position of each row's first new token.</summary>
    WritePositions,
}
