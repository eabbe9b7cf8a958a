using System.Diagnostics;
using Cameo.Threading;

namespace Cameo.Benchmarks;

/// <summary>
/// How fast parts of a kernel reach the other threads: the time from the call to the first part that each other thread begins, and the share of kernels in which it
/// did any part. After pauses of several lengths, on which it depends whether the threads still spin; with and without the announcement at the begin of a run.
/// </summary>
internal static class WorkerWakeUps
{
    private const int Rounds = 301;

    // Each part computes as long as a small product; more parts than threads, as kernels cut them.
    private const int PartMicroseconds = 25;
    private const int PartsPerThread = 4;

    // What a run does before its first parallel kernel.
    private const int SerialMicroseconds = 40;

    private static readonly int[] PauseMicroseconds = [0, 20, 100, 500, 2_000, 20_000];

    /// <summary>Measures with two threads and with as many as there are processors.</summary>
    public static void Run()
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors; {Rounds} runs: {SerialMicroseconds} µs on one thread, then a kernel of {PartsPerThread} parts a thread, {PartMicroseconds} µs each; time from its call until the other threads begin, in µs");
        Console.WriteLine();
        Console.WriteLine("| threads | pause before | announced | median | 90 % | 99 % | kernels in which all threads took part | run takes, median | ideal |");
        Console.WriteLine("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (int threads in new[] { 2, Environment.ProcessorCount }.Distinct().Where(static threads => threads <= Environment.ProcessorCount))
        {
            foreach (int pause in PauseMicroseconds)
            {
                Measure(threads, pause, isAnnounced: false);
                Measure(threads, pause, isAnnounced: true);
            }
        }
    }

    private static void Measure(int threads, int pause, bool isAnnounced)
    {
        var work = new TimedWork(PartsPerThread * threads, PartMicroseconds);
        var latencies = new List<double>();
        var durations = new List<double>();
        int complete = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Wait(pause);
            long begin = Stopwatch.GetTimestamp();
            if (isAnnounced)
            {
                WorkerPool.Shared.BeginSession(threads);
            }

            Spin(SerialMicroseconds);
            long start = Stopwatch.GetTimestamp();
            WorkerPool.Shared.Run(ref work, PartsPerThread * threads, threads);
            durations.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            if (isAnnounced)
            {
                WorkerPool.Shared.EndSession();
            }

            List<double> others = work.FirstParts(start);
            latencies.AddRange(others);
            complete += others.Count == threads - 1 ? 1 : 0;
        }

        latencies.Sort();
        durations.Sort();
        string quantile(double share) => latencies.Count == 0 ? "–" : $"{latencies[(int)(share * (latencies.Count - 1))]:F1}";
        Console.WriteLine(
            $"| {threads} | {pause} µs | {(isAnnounced ? "yes" : "no")} | {quantile(0.5)} | {quantile(0.9)} | {quantile(0.99)} | {(double)complete / Rounds:P0} | {durations[Rounds / 2]:F0} µs | {SerialMicroseconds + (PartsPerThread * PartMicroseconds)} µs |");
    }

    /// <summary>Long pauses sleep, as a process does that waits for its next request.</summary>
    private static void Wait(int microseconds)
    {
        if (microseconds >= 1000)
        {
            Thread.Sleep(TimeSpan.FromMicroseconds(microseconds));
        }
        else
        {
            Spin(microseconds);
        }
    }

    private static void Spin(int microseconds)
    {
        long end = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 1_000_000 * microseconds);
        while (Stopwatch.GetTimestamp() < end)
        {
            Thread.SpinWait(1);
        }
    }

    /// <summary>Parts of a fixed length that note who ran them and when.</summary>
    private readonly struct TimedWork(int parts, int microseconds) : IParallelWork
    {
        private readonly (int Thread, long Start)[] _runs = new (int, long)[parts];

        public void Run(int part, int parts)
        {
            _runs[part] = (Environment.CurrentManagedThreadId, Stopwatch.GetTimestamp());
            Spin(microseconds);
        }

        /// <summary>Microseconds from <paramref name="start"/> to the first part of each thread but the calling one.</summary>
        public List<double> FirstParts(long start) =>
            [.. _runs.Where(static run => run.Thread != Environment.CurrentManagedThreadId).GroupBy(static run => run.Thread).Select(runs => Stopwatch.GetElapsedTime(start, runs.Min(static run => run.Start)).TotalMicroseconds)];
    }
}
