namespace Cameo;

/// <summary>A tensor came for an input that is a sequence, or a sequence for a tensor.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="expected">What was expected.</param>
/// <param name="actual">What came.</param>
public sealed class WrongKindException(string input, string expected, string actual)
    : ModelInputException(input, $"Input '{input}' is {expected}, but {actual} came.");
