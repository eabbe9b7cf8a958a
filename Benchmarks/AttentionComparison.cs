using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>Attention as a share of the machine's limits: reading keys and values once, multiply-adds in registers; whichever takes longer.</summary>
internal static unsafe class AttentionComparison
{
    private const int Rounds = 41;

    // A turn is repeated until it has read or computed this much: a few milliseconds.
    private const double TurnBytes = 24e6;
    private const double TurnMultiplyAdds = 2e8;

    private static readonly int[] ThreadCounts = [1, 2];
    private static readonly (int QueryHeads, int KeyHeads, int HeadSize)[] Heads = [(9, 3, 64), (32, 8, 64), (32, 32, 128)];

    private static string[] s_filter = [];

    /// <summary>Measures what has all of <paramref name="filter"/> in its name, behind which stands <c>threads=</c> with their number.</summary>
    public static void Run(string[] filter)
    {
        s_filter = filter;
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors; {Rounds} interleaved rounds, each figure as median / fastest round");
        Console.WriteLine();
        Console.WriteLine("| work | threads | µs | GB/s read | GFLOP/s | limit | share of limit |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | --- | ---: |");
        foreach (int threads in ThreadCounts)
        {
            foreach ((int queryHeads, int keyHeads, int headSize) in Heads)
            {
                string heads = $"{queryHeads}/{keyHeads}×{headSize}";
                foreach (int keys in new[] { 128, 1024, 8192 })
                {
                    Measure($"decode {heads} over {keys}, from memory", threads, () => new(queryHeads, keyHeads, headSize, 1, keys, takesTurns: true));
                    if (keys < 8192)
                    {
                        Measure($"decode {heads} over {keys}, from cache", threads, () => new(queryHeads, keyHeads, headSize, 1, keys, takesTurns: false));
                    }
                }

                foreach (int queries in new[] { 128, 512, 2048 })
                {
                    Measure($"prefill {heads} of {queries}", threads, () => new(queryHeads, keyHeads, headSize, queries, queries, takesTurns: false));
                }
            }

            Measure("decode 32/8×64 over 8192, window 1024", threads, () => new(32, 8, 64, 1, 8192, takesTurns: true) { Window = 1024 });
            Measure("decode 32/8×64 over 8192, soft cap", threads, () => new(32, 8, 64, 1, 8192, takesTurns: true) { SoftCap = 30 });
            Measure("prefill 32/8×64 of 2048, window 512", threads, () => new(32, 8, 64, 2048, 2048, takesTurns: false) { Window = 512 });
            Measure("prefill 32/8×64 of 512, soft cap", threads, () => new(32, 8, 64, 512, 512, takesTurns: false) { SoftCap = 30 });
            Measure("prefill 32/8×64 of 16 after 8176", threads, () => new(32, 8, 64, 16, 8192, takesTurns: true));
        }
    }

    private static void Measure(string title, int threads, Func<AttentionProblem> create)
    {
        if (!s_filter.All($"{title}, threads={threads}".Contains))
        {
            return;
        }

        using AttentionProblem problem = create();
        var workers = new Workers(threads);
        double bytes = problem.CacheBytes * (problem.Window > 0 ? Math.Min(1, (double)(problem.Window + problem.Queries - 1) / problem.Keys) : 1);
        int repeats = (int)Math.Clamp(Math.Min(TurnBytes / bytes, TurnMultiplyAdds / problem.MultiplyAdds), 1, 1000);
        var read = new ReadBandwidth();
        var peak = new MultiplyAddPeak { Steps = 1 };
        peak.Steps = (int)(problem.MultiplyAdds * repeats / (peak.MultiplyAdds * threads)) + 1;
        void repeat(Action run)
        {
            for (int index = 0; index < repeats; index++)
            {
                run();
            }
        }

        Contestant reading(ReadOrder order) => new(order.ToString(), _ => repeat(() =>
        {
            read = new ReadBandwidth { Data = problem.NextCache(), Length = (nint)(bytes / sizeof(float)), Order = order };
            workers.Run(ref read, threads);
        }));

        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            [
                new("Cameo", _ => repeat(() => problem.Run(workers))),
                new("peak", _ => workers.Run(ref peak, threads)),
                .. Enum.GetValues<ReadOrder>().Select(reading),
            ]);
        Timing memory = timings.Skip(2).MinBy(timing => timing.Median);
        bool isComputing = timings[1].Median > memory.Median;
        Timing limit = isComputing ? timings[1] : memory;
        double gigabytes = bytes * repeats / 1e9, operations = 2 * problem.MultiplyAdds * repeats / 1e9;
        Console.WriteLine(
            $"| {title} | {threads} | {timings[0].Median * 1e6 / repeats:F1} / {timings[0].Fastest * 1e6 / repeats:F1} | {timings[0].Rate(gigabytes)} | {timings[0].Rate(operations)} "
            + $"| {(isComputing ? limit.Rate(operations) + " GFLOP/s" : limit.Rate(gigabytes) + " GB/s")} | {timings[0].Share(limit)} |");
    }
}
