namespace Cameo;

/// <summary>A run or a load came with another batch size than the state holds tokens for. Nothing was changed.</summary>
public sealed class StateRowsException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="rows">Rows the state holds.</param>
    /// <param name="requested">Rows that came.</param>
    public StateRowsException(int rows, int requested)
        : base($"The state holds tokens of {rows} row(s), but a batch of {requested} came. Reset the session before changing the batch size.")
    {
        Rows = rows;
        Requested = requested;
    }

    /// <summary>Rows the state holds.</summary>
    public int Rows { get; }

    /// <summary>Rows that came.</summary>
    public int Requested { get; }
}
