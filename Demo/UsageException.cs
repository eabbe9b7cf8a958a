namespace Cameo.Demo;

/// <summary>The caller asked for something that cannot be; the message says what to ask for instead.</summary>
public sealed class UsageException(string message) : Exception(message);
