namespace Cameo.Benchmarks.Reports;

/// <summary>What a row is to reach; null where nothing is asked.</summary>
/// <param name="Ratio">Speed as a multiple of a peer's.</param>
/// <param name="Share">Share of the machine's limit.</param>
/// <param name="Either">Whether one of the two is enough.</param>
/// <param name="Against">The peer; null for the fastest.</param>
/// <param name="Least">Share of the limit to be reached in any case.</param>
internal sealed record Goal(double? Ratio = null, double? Share = null, bool Either = false, string? Against = null, double? Least = null);
