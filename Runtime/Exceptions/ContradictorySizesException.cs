namespace Cameo;

/// <summary>A run took a branch whose sizes contradict each other, as the build warned. The session stays usable.</summary>
/// <param name="message">The branch's node, and the node, operator and sizes that do not fit.</param>
public sealed class ContradictorySizesException(string message) : InvalidOperationException(message);
