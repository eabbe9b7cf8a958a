namespace Cameo;

/// <summary>An input has another number of elements than its shape asks for.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="expected">Number of elements expected.</param>
/// <param name="actual">Number of elements that came.</param>
public sealed class WrongLengthException(string input, long expected, long actual)
    : ModelInputException(input, $"Input '{input}' needs {expected} elements, but {actual} came.")
{
    /// <summary>Number of elements expected.</summary>
    public long Expected { get; } = expected;

    /// <summary>Number of elements that came.</summary>
    public long Actual { get; } = actual;
}
