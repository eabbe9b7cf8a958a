using Cameo.Benchmarks.Reports;
using Cameo.Threading;

namespace Cameo.Benchmarks.Suite;

/// <summary>The machine's limits by themselves.</summary>
internal sealed class LimitGroup(MachineLimits limits) : WorkGroup
{
    private const int Rounds = 31;

    public override string Section => "limits";

    public override IReadOnlyList<string> Rows => ["limit float32 multiply-adds", "limit 8-bit multiply-adds", "limit reading memory"];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        const double billion = 1e9;
        var workers = new Workers(threads);
        (string Unit, double Work, MachineLimits.Limit Limit)[] all =
        [
            ("GFLOP/s", 2, MachineLimits.MultiplyAdds(workers, threads, MultiplyAddKind.Floats, billion)),
            ("GMAC/s", 1, MachineLimits.MultiplyAdds(workers, threads, MultiplyAddKind.Bytes, billion)),
            ("GB/s", 1, limits.Reading(workers, threads, billion)),
        ];
        for (int index = 0; index < all.Length; index++)
        {
            if (rows.Contains(Rows[index]))
            {
                (string unit, double work, MachineLimits.Limit limit) = all[index];
                Timing[] timings = InterleavedRounds.Measure(Settings.Rounds ?? Rounds, limit.Contestants);
                Timing best = timings.MinBy(static timing => timing.Median);
                yield return new Measurement
                {
                    Section = Section, Name = Rows[index], Threads = threads, Unit = unit, Work = work, Rounds = Rounds,
                    Engines = [new EngineResult(Measurement.Ours, best.Median * limit.Scale, best.Fastest * limit.Scale)],
                };
            }
        }
    }
}
