namespace Cameo.Demo.Images;

/// <summary>An image file that cannot be read; the message says what is wrong with it or not supported.</summary>
public sealed class ImageFormatException(string message) : Exception(message);
