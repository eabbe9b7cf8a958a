using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Cameo.Fuzzing.Checking;

namespace Cameo.Fuzzing.Running;

/// <summary>Checks the graphs of many seeds in child processes and tells what it finds.</summary>
internal sealed class FuzzingRun(FuzzingOptions options)
{
    private const int LargestBatch = 40, BatchesOfAProcess = 8, ShownRefusals = 12;

    private readonly ConcurrentQueue<string[]> _batches = new();
    private readonly ConcurrentBag<SeedVerdict> _verdicts = [];
    private readonly Stopwatch _time = Stopwatch.StartNew();
    // A short run ends in time.
    private readonly int _batchSize = Math.Clamp(options.Seeds.Count / (4 * options.Processes), 1, LargestBatch);
    private int _processes;

    /// <summary>Whether no graph failed.</summary>
    public bool Run()
    {
        foreach (string[] batch in options.Seeds.Select(static seed => seed.ToString(CultureInfo.InvariantCulture)).Chunk(_batchSize))
        {
            _batches.Enqueue(batch);
        }

        Thread[] lanes = [.. Enumerable.Range(0, options.Processes).Select(_ => new Thread(RunLane))];
        Array.ForEach(lanes, static lane => lane.Start());
        Array.ForEach(lanes, static lane => lane.Join());
        return Summarize();
    }

    private void RunLane()
    {
        WorkerProcess? worker = null;
        int used = 0;
        while (!IsOver && _batches.TryDequeue(out string[]? batch))
        {
            if (worker is null || !worker.IsAlive || used == BatchesOfAProcess)
            {
                worker?.Dispose();
                worker = new WorkerProcess(options.Width ?? VectorSetting.Cycle[((options.Seeds[0] / LargestBatch) + Interlocked.Increment(ref _processes)) % VectorSetting.Cycle.Count], options.Only);
                used = 0;
            }

            used++;
            List<SeedVerdict> verdicts = worker.Check(batch);
            foreach (SeedVerdict verdict in verdicts)
            {
                Report(verdict);
            }

            string[] rest = [.. batch.Except(verdicts.Select(static verdict => verdict.Key))];
            if (rest.Length > 0)
            {
                _batches.Enqueue(rest);
            }

            Progress();
        }

        worker?.Dispose();
    }

    private bool IsOver => options.TimeLimit is { } limit && _time.Elapsed > limit;

    private void Report(SeedVerdict verdict)
    {
        _verdicts.Add(verdict);
        if (verdict.Verdict.IsFailure)
        {
            lock (_batches)
            {
                Console.WriteLine();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {verdict.Seed} ({verdict.Nodes} nodes, vectors {verdict.Width.Name}): {verdict.Verdict.Kind}: {Shorten(verdict.Verdict.Reason, 600)}"));
            }
        }
    }

    private static string Shorten(string text, int length) => text.Length <= length ? text : text[..length] + "…";

    private void Progress()
    {
        lock (_batches)
        {
            int count = _verdicts.Count;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{count} of {options.Seeds.Count} graphs, {Count(VerdictKind.Refused)} refused, {_verdicts.Count(static verdict => verdict.Verdict.IsFailure)} failed, {_time.Elapsed.TotalSeconds:F0} s"));
        }
    }

    private int Count(VerdictKind kind) => _verdicts.Count(verdict => verdict.Verdict.Kind == kind);

    private bool Summarize()
    {
        SeedVerdict[] failures = [.. _verdicts.Where(static verdict => verdict.Verdict.IsFailure).OrderBy(static verdict => verdict.Seed)];
        Console.WriteLine();
        foreach (IGrouping<VerdictKind, SeedVerdict> kind in _verdicts.GroupBy(static verdict => verdict.Verdict.Kind).OrderBy(static kind => kind.Key))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Key}: {kind.Count()}"));
        }

        foreach (IGrouping<string, SeedVerdict> reason in _verdicts.Where(static verdict => verdict.Verdict.Kind is VerdictKind.Refused or VerdictKind.NoReference)
            .GroupBy(static verdict => Reason(verdict.Verdict.Reason)).OrderByDescending(static reason => reason.Count()).Take(ShownRefusals))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {reason.Count()} × {reason.Key} (seed {reason.First().Seed})"));
        }

        int nodes = _verdicts.Sum(static verdict => verdict.Nodes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_verdicts.Count} graphs, {nodes} nodes, {failures.Length} failures in {_time.Elapsed.TotalSeconds:F0} s"));
        if (failures.Length > 0)
        {
            Console.WriteLine($"failed seeds: {string.Join(' ', failures.Select(static failure => failure.Seed))}");
        }

        return failures.Length == 0;
    }

    // What differs between graphs is the part before the last colon of the place.
    private static string Reason(string text)
    {
        int place = text.IndexOf("): ", StringComparison.Ordinal);
        string operation = text.Split(' ') is [_, var name, ..] ? name : "";
        return Shorten(place < 0 ? text : $"{operation}: {text[(place + 3)..]}", 200);
    }
}
