namespace Cameo.Fuzzing.Generation;

/// <summary>What was to be added is no valid part of the graph, or not a useful one.</summary>
internal sealed class RejectedException(string message) : Exception(message);
