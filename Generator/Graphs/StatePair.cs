namespace Cameo.Generator.Graphs;

/// <summary>An input and an output that carry data from one run to the next.</summary>
/// <param name="Kind">How the data is kept.</param>
/// <param name="Input">What a run reads: the past.</param>
/// <param name="Output">What a run leaves behind: the present.</param>
internal sealed record StatePair(StateKind Kind, Value Input, Value Output);

/// <summary>How a state is kept.</summary>
internal enum StateKind
{
    /// <summary>Keys or values of attention, [batch, heads, past, size], growing along the past axis inside a buffer of fixed capacity.</summary>
    KeyValueCache,

    /// <summary>A buffer of one shape, replaced as a whole by each run.</summary>
    Carried,
}
