namespace Cameo;

/// <summary>A name was given that is neither an input nor a state of the model.</summary>
/// <param name="input">The name given.</param>
/// <param name="known">Names of the model's inputs and states.</param>
public sealed class UnknownInputException(string input, IEnumerable<string> known)
    : ModelInputException(input, $"The model has no input '{input}'; it has: {string.Join(", ", known)}.");
