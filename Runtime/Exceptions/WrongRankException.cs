namespace Cameo;

/// <summary>An input has another number of dimensions than the model declares.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="expected">Number of dimensions expected.</param>
/// <param name="actual">Number of dimensions that came.</param>
public sealed class WrongRankException(string input, int expected, int actual)
    : ModelInputException(input, $"Input '{input}' has {expected} dimension(s), but a tensor of {actual} dimension(s) came.")
{
    /// <summary>Number of dimensions expected.</summary>
    public int Expected { get; } = expected;

    /// <summary>Number of dimensions that came.</summary>
    public int Actual { get; } = actual;
}
