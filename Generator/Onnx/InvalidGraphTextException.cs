namespace Cameo.Generator.Onnx;

/// <summary>A graph text is not what the import writes.</summary>
internal sealed class InvalidGraphTextException(string message, Exception innerException) : Exception(message, innerException);
