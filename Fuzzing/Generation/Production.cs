namespace Cameo.Fuzzing.Generation;

/// <summary>A way to go on with a graph: an operator with some attributes and operands, or a pattern of several.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Weight">How often it is taken, next to others.</param>
/// <param name="Apply">Adds it.</param>
internal sealed record Production(string Name, double Weight, Action<RandomGraph> Apply);
