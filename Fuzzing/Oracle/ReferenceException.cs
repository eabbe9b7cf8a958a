namespace Cameo.Fuzzing.Oracle;

/// <summary>The reference refuses a model or its inputs.</summary>
internal sealed class ReferenceException(string message, Exception inner) : Exception(message, inner);
