namespace Cameo;

/// <summary>An image cannot be decoded: its file is damaged or of a kind that is not supported. The session stays usable.</summary>
/// <param name="message">What is wrong with the file.</param>
public sealed class InvalidImageException(string message) : FormatException(message);
