namespace Cameo.Tests.Conformance;

/// <summary>What a process found out about a case with its width of vectors.</summary>
/// <param name="Outcome">The verdict.</param>
/// <param name="MaximumUlp">The largest difference from a stored floating-point output, in units in the last place.</param>
public sealed record CaseResult(Outcome Outcome, double MaximumUlp);
