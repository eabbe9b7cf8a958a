namespace Cameo;

/// <summary>
/// A run or a load asked a state for more tokens than its capacity. Nothing was changed: the session stays usable,
/// for example after <c>Rewind</c> or <c>Reset</c>.
/// </summary>
public sealed class StateFullException : InvalidOperationException
{
    /// <summary>Creates the exception for one row of a state.</summary>
    /// <param name="capacity">Tokens a row of the state can hold.</param>
    /// <param name="row">The row that is too short, counted from 0.</param>
    /// <param name="length">Tokens the row holds.</param>
    /// <param name="requested">Tokens that were to be appended.</param>
    /// <param name="option">The option that raises the capacity, as the user would write it.</param>
    public StateFullException(int capacity, int row, int length, int requested, string option)
        : base($"The state is full: a row holds at most {capacity} tokens, row {row} holds {length} and {requested} more were asked for. "
            + $"Raise {option}, or rewind or reset the session.")
    {
        Capacity = capacity;
        Row = row;
        Length = length;
        Requested = requested;
        Option = option;
    }

    /// <summary>Tokens a row of the state can hold.</summary>
    public int Capacity { get; }

    /// <summary>The row that is too short, counted from 0.</summary>
    public int Row { get; }

    /// <summary>Tokens the row holds; unchanged by the refused request.</summary>
    public int Length { get; }

    /// <summary>Tokens that were to be appended.</summary>
    public int Requested { get; }

    /// <summary>The option that raises the capacity.</summary>
    public string Option { get; }
}
