using System.Collections.Concurrent;
using System.Diagnostics;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Conformance;

/// <summary>
/// Compiles all cases in batches, in a process for each processor, then runs them in a process for each width of vectors, which load what was compiled. Once for all tests.
/// </summary>
internal sealed class ConformanceRun
{
    // Small enough for the processes to end at about the same time, large enough for the C# compiler's start to be shared.
    private const int BatchSize = 100;

    // A case takes some milliseconds; the largest models of the test data take seconds without vectors, on a busy machine more.
    private static readonly TimeSpan CompileLimit = TimeSpan.FromMinutes(4), RunLimit = TimeSpan.FromMinutes(3);

    private static readonly Dictionary<string, string> ProcessSettings = new()
    {
        // Instrumented code only pays where code runs for long.
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        [TestData.Variable] = TestData.Root,
    };

    private static readonly Lazy<ConformanceRun> Current = new(static () => new ConformanceRun());

    private ConformanceRun()
    {
        using var folder = new TemporaryFolder();
        ConformanceCase[] cases = [.. ConformanceSuites.FindAll().Where(ConformanceSuites.IsPicked)];
        var time = Stopwatch.StartNew();
        CompiledCase[] compiled = Compile(cases, folder.Path);
        CompileTime = time.Elapsed;
        time.Restart();
        CompiledCase[] runnable = [.. compiled.Where(static entry => entry.Outcome is null)];
        CaseResult[][] results = [.. WidthSetting.All.AsParallel().AsOrdered().WithDegreeOfParallelism(WidthSetting.All.Count)
            .WithExecutionMode(ParallelExecutionMode.ForceParallelism).Select(width => Run(runnable, width))];
        RunTime = time.Elapsed;
        ILookup<string, CaseResult> byCase = runnable.SelectMany((entry, index) => results.Select(widths => (entry.Case.Key, Result: widths[index])))
            .ToLookup(static entry => entry.Key, static entry => entry.Result, StringComparer.Ordinal);
        Reports = [.. compiled.Select(entry => Report(entry, [.. byCase[entry.Case.Key]])).OrderBy(static report => report.Case.Key, StringComparer.Ordinal)];
        if (ExpectedOutcomes.IsUpdating)
        {
            ExpectedOutcomes.Update(Reports);
        }
    }

    /// <summary>All cases that the filter picks, in ordinal order.</summary>
    public IReadOnlyList<CaseReport> Reports { get; }

    public TimeSpan CompileTime { get; }

    public TimeSpan RunTime { get; }

    public static ConformanceRun Get() => Current.Value;

    private static CompiledCase[] Compile(ConformanceCase[] cases, string folder)
    {
        var batches = new ConcurrentQueue<ConformanceCase[]>(cases.Chunk(BatchSize));
        ConcurrentBag<CompiledCase> compiled = [];
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            using var worker = new ConformanceWorker(ConformanceProgram.CompileMode, folder, ProcessSettings, CompileLimit);
            while (batches.TryDequeue(out ConformanceCase[]? batch))
            {
                (CompiledCase[]? answer, Outcome? failure) = worker.Ask<ConformanceCase[], CompiledCase[]>(batch);
                if (answer is null && batch.Length > 1)
                {
                    // One of them takes the process down: the others get their results in smaller batches.
                    batches.Enqueue(batch[..(batch.Length / 2)]);
                    batches.Enqueue(batch[(batch.Length / 2)..]);
                    continue;
                }

                foreach (CompiledCase entry in answer ?? [new CompiledCase { Case = batch[0], Outcome = Outcome.Because(failure!.Kind, $"while it is compiled: {failure.Reason}") }])
                {
                    compiled.Add(entry);
                }
            }
        });
        return [.. compiled];
    }

    private static CaseResult[] Run(CompiledCase[] cases, WidthSetting width)
    {
        Dictionary<string, string> environment = new(ProcessSettings);
        foreach ((string name, string value) in width.Variables)
        {
            environment[name] = value;
        }

        using var worker = new ConformanceWorker(ConformanceProgram.RunMode, FormattableString.Invariant($"{width.Bits}"), environment, RunLimit);
        return [.. cases.Select(entry =>
        {
            (CaseResult? answer, Outcome? failure) = worker.Ask<CompiledCase, CaseResult>(entry);
            CaseResult result = answer ?? new CaseResult(failure!, 0);
            return result.Outcome.Kind == OutcomeKind.Passed ? result : result with { Outcome = result.Outcome with { Reason = $"{result.Outcome.Reason} ({width.Name})" } };
        })];
    }

    private static CaseReport Report(CompiledCase compiled, CaseResult[] results)
    {
        if (compiled.Outcome is not null)
        {
            return new CaseReport(compiled, compiled.Outcome, 0);
        }

        CaseResult[] failed = [.. results.Where(static result => result.Outcome.Kind != OutcomeKind.Passed)];
        Outcome outcome = failed.Length == 0 ? Outcome.Passed : failed[0].Outcome;
        if (failed.Length == results.Length)
        {
            // What all widths have in common is not said of one.
            outcome = outcome with { Reason = outcome.Reason[..outcome.Reason.LastIndexOf(" (", StringComparison.Ordinal)] };
        }

        return new CaseReport(compiled, outcome, results.Max(static result => result.MaximumUlp));
    }
}
