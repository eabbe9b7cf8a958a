namespace Cameo;

/// <summary>A weight file is missing, truncated, damaged, or belongs to another compilation.</summary>
/// <param name="source">Path of the file, or name of the embedded resource.</param>
/// <param name="message">What was expected and what was found.</param>
/// <param name="innerException">What the system reported, if it did.</param>
public sealed class WeightFileException(string source, string message, Exception? innerException = null)
    : IOException($"Weights '{source}': {message}", innerException)
{
    /// <summary>Path of the file, or name of the embedded resource.</summary>
    public string WeightSource { get; } = source;
}
