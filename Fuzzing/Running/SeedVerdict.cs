using Cameo.Fuzzing.Checking;

namespace Cameo.Fuzzing.Running;

/// <summary>What became of the graph of a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Nodes">Number of the graph's nodes; 0 if not known.</param>
/// <param name="Width">How vectors were set in the process.</param>
internal sealed record SeedVerdict(int Seed, Verdict Verdict, int Nodes, VectorSetting Width);
