namespace Cameo.Benchmarks.Reports;

/// <summary>What one engine took for a piece of work.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Median">Seconds, median over the rounds.</param>
/// <param name="Fastest">Seconds of the fastest round.</param>
internal sealed record EngineResult(string Engine, double Median, double Fastest)
{
    public static EngineResult Of(string engine, Timing timing) => new(engine, timing.Median, timing.Fastest);
}
