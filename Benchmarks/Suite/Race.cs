using System.Diagnostics;
using Cameo.Benchmarks.Reports;

namespace Cameo.Benchmarks.Suite;

/// <summary>Runs engines and a limit in turns and makes a row of it.</summary>
internal static class Race
{
    /// <summary>Turns are at least this long, so that timers, wake-ups and the scheduler's slices do not show.</summary>
    private const double TurnSeconds = 0.025;

    /// <summary>Rounds of short turns; long ones take <see cref="MinimumRounds"/>.</summary>
    private const int Rounds = 31;
    private const int MinimumRounds = 15;
    private const double LongTurnSeconds = 0.1;

    /// <summary>How long each engine runs unmeasured before its turn, at least once: after a rest the system takes tens of milliseconds until an engine's threads have a processor each.</summary>
    private const double WarmUpSeconds = 0.1;

    /// <summary>Fills in the times of a row.</summary>
    /// <param name="row">The row without times.</param>
    /// <param name="engines">Name and run of each engine.</param>
    /// <param name="limit">What bounds the work, or null.</param>
    public static Measurement Run(Measurement row, IReadOnlyList<(string Name, Action Run)> engines, MachineLimits.Limit? limit)
    {
        double longest = engines.Max(static engine => Time(engine.Run));
        int rounds = Settings.Rounds ?? (longest > LongTurnSeconds ? MinimumRounds : Rounds);
        double[] seconds = [.. engines.Select(static engine => Time(engine.Run))];
        int[] repetitions = [.. seconds.Select(static time => Math.Max(1, (int)Math.Ceiling(TurnSeconds / time)))];
        Contestant[] contestants =
        [
            .. engines.Select((engine, index) => new Contestant(engine.Name, _ => Repeat(engine.Run, repetitions[index]), _ => Repeat(engine.Run, Math.Max(1, (int)(WarmUpSeconds / seconds[index]))))),
            .. limit?.Contestants ?? [],
        ];

        Timing[] timings = InterleavedRounds.Measure(rounds, contestants);
        Timing fastest = timings.Skip(engines.Count).DefaultIfEmpty().MinBy(static timing => timing.Median);
        return row with
        {
            Rounds = rounds,
            Engines = [.. engines.Select((engine, index) => new EngineResult(engine.Name, timings[index].Median / repetitions[index], timings[index].Fastest / repetitions[index]))],
            Limit = limit is null ? null : new EngineResult("limit", fastest.Median * limit.Scale, fastest.Fastest * limit.Scale),
        };
    }

    private static double Time(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Repeat(Action run, int repetitions)
    {
        for (int count = 0; count < repetitions; count++)
        {
            run();
        }
    }
}
