namespace Cameo.Benchmarks.Footprints;

/// <summary>What a child process measured of itself.</summary>
/// <param name="LoadSeconds">From nothing but a running .NET process to the first result.</param>
/// <param name="PeakBytes">Highest resident set of the process, .NET and mapped files included.</param>
internal sealed record Footprint(double LoadSeconds, long PeakBytes);
