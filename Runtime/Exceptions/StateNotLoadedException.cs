namespace Cameo;

/// <summary>A run needs a state that only loading fills, and it was not loaded (or the session was reset since).</summary>
/// <param name="state">ONNX name of the state's input.</param>
public sealed class StateNotLoadedException(string state)
    : ModelInputException(state, $"The state '{state}' has to be loaded before a run: with LoadState, or by giving it among the inputs of an untyped run once.");
