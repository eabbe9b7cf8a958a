namespace Cameo;

/// <summary>A name was given that is no state of the model.</summary>
/// <param name="state">The name given.</param>
/// <param name="known">Input and output names of the model's states.</param>
public sealed class UnknownStateException(string state, IEnumerable<string> known)
    : ModelInputException(state, $"The model has no state '{state}'; its states: {string.Join(", ", known)}.");
