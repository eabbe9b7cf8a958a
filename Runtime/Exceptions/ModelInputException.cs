namespace Cameo;

/// <summary>
/// An input of a model does not fit: the base of all exceptions that say which input, what was expected and what came.
/// Nothing of the run has happened; the session stays usable.
/// </summary>
/// <param name="input">ONNX name of the input, or of the dimension where no single input is at fault.</param>
/// <param name="message">What was expected and what came.</param>
public class ModelInputException(string input, string message) : ArgumentException(message)
{
    /// <summary>ONNX name of the input, or of the dimension where no single input is at fault.</summary>
    public string Input { get; } = input;
}
