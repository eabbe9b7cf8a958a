namespace Cameo.Generator.Packing;

/// <summary>Weights can't be packed; the message names the weight and the reason.</summary>
internal sealed class PackingException(string message, Exception? innerException = null) : Exception(message, innerException);
