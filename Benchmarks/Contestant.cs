namespace Cameo.Benchmarks;

/// <summary>One of the things an <see cref="InterleavedRounds"/> compares.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Run">One turn; the argument is the number of the round.</param>
internal sealed record Contestant(string Name, Action<int> Run);
