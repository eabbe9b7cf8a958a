namespace Cameo.Generator.Graphs;

/// <summary>A buffer that carries data from one run to the next: an input of the model and the output that becomes the next run's input.</summary>
/// <param name="Kind">How the data is kept.</param>
/// <param name="Input">The graph input that loads the state.</param>
/// <param name="Output">The value that a run leaves behind, one of the graph's outputs unless <see cref="Part"/> is not 0; null for a state that runs only read.</param>
internal sealed record StatePair(StateKind Kind, Value Input, Value? Output)
{
    /// <summary>What the graph's nodes read: the input itself, unless the buffer holds a part of it or has another element type.</summary>
    public Value Past { get; init; } = Input;

    /// <summary>Which part of the input the buffer holds: 1 for the values of a cache that has keys and values in one tensor.</summary>
    public int Part { get; init; }

    /// <summary>Whether the input has keys (part 0) and values (part 1) in one tensor [2, …].</summary>
    public bool IsCombined { get; init; }

    /// <summary>Whether the session keeps it in a buffer that tokens are appended to, and not as a whole tensor.</summary>
    public bool IsAppended => Kind == StateKind.KeyValueCache;
}
