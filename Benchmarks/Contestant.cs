namespace Cameo.Benchmarks;

/// <summary>One of the things an <see cref="InterleavedRounds"/> compares.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Run">One turn; the argument is the number of the round.</param>
/// <param name="Wake">What comes before each turn, unmeasured, to wake threads; another turn where null.</param>
internal sealed record Contestant(string Name, Action<int> Run, Action<int>? Wake = null);
