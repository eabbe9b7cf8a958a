namespace Cameo;

/// <summary>
/// An operator on sequences or optionals has no result in this run: a position is not in the sequence, an optional is empty, or tensors do not fit together.
/// </summary>
/// <param name="message">Names the operator and says why.</param>
public sealed class SequenceException(string message) : InvalidOperationException(message);
