namespace Cameo;

/// <summary>An input that a run needs was not given.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="given">Names that were given.</param>
public sealed class MissingInputException(string input, IEnumerable<string> given)
    : ModelInputException(input, $"Input '{input}' is missing; given were: {string.Join(", ", given.Order(StringComparer.Ordinal))}.");
