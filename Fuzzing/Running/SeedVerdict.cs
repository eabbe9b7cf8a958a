using Cameo.Fuzzing.Checking;
using Cameo.Fuzzing.Shrinking;

namespace Cameo.Fuzzing.Running;

/// <summary>What became of the graph of a seed, or of one that was made smaller.</summary>
/// <param name="Key">Which graph, as <see cref="Candidates"/> finds it.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Nodes">Number of the graph's nodes; 0 if not known.</param>
/// <param name="Width">How vectors were set in the process.</param>
internal sealed record SeedVerdict(string Key, Verdict Verdict, int Nodes, VectorSetting Width)
{
    public int Seed => Candidates.Seed(Key);
}
