using Cameo.Sessions;

namespace Cameo;

/// <summary>An input has another element type than the model declares. Values are never converted on the way in.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="expected">Element type expected.</param>
/// <param name="actual">Element type that came.</param>
public sealed class WrongElementTypeException(string input, ElementType expected, ElementType actual)
    : ModelInputException(input, $"Input '{input}' has elements of type {expected}, but a tensor of {actual} came.")
{
    /// <summary>Element type expected.</summary>
    public ElementType Expected { get; } = expected;

    /// <summary>Element type that came.</summary>
    public ElementType Actual { get; } = actual;
}
