namespace Cameo;

/// <summary>A padding mask says something else than what the session's state holds. Nothing was changed.</summary>
public sealed class MaskContradictionException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="row">The row of the mask, counted from 0; -1 when the whole mask is meant.</param>
    /// <param name="reason">What was expected and what came, as a sentence.</param>
    public MaskContradictionException(int row, string reason)
        : base(row < 0 ? $"The padding mask contradicts the state: {reason}" : $"Row {row} of the padding mask contradicts the state: {reason}")
    {
        Row = row;
    }

    /// <summary>The row of the mask, counted from 0; -1 when the whole mask is meant.</summary>
    public int Row { get; }
}
