using System.Diagnostics;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Models;

/// <summary>Once it is warm, a model runs on shapes it has seen without allocating, and its memory stays as it is however often it runs.</summary>
[Trait("Suite", "models")]
[Collection(MeasuredAlone.Name)]
public sealed class SteadyStateTests(ITestOutputHelper output)
{
    private const int WarmUpRounds = 3;
    private const int MeasuredRounds = 10;
    private const int ManyRuns = 10_000;

    /// <summary>Models that are small enough to run ten thousand times and whose data sets have different shapes, or whose state does.</summary>
    private static readonly string[] Varied =
        ["dynamo_sdpa_gqa", "dynamo_sdpa_boolmask", "dynamo_rotary_partial", "dynamo_module_functions", "dynamo_bart_encoder", "silero_vad_v5", "fusion_gqa_1", "fusion_sdpa_7"];

    public static TheoryData<string> Folders => [.. TestData.ModelNames.Where(static name => TestData.DataSets(name).Count > 0).DefaultIfEmpty("")];

    public static TheoryData<string> VariedFolders => [.. Varied];

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void RunsAllocateNothing(string folder)
    {
        TestData.RequireModels();
        foreach (int threads in (int[])[1, 2])
        {
            Measure(folder, threads, MeasuredRounds, TimeSpan.FromSeconds(10));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(VariedFolders))]
    public void MemoryIsFlatOverManyRuns(string folder)
    {
        TestData.RequireModel(folder);
        int sets = TestData.DataSets(folder).Count;
        int runs = Measure(folder, 1, (ManyRuns + sets - 1) / sets, TimeSpan.FromMinutes(2));
        output.WriteLine($"{folder}: {runs} runs");
        Assert.InRange(runs, ManyRuns, int.MaxValue);
    }

    /// <summary>Runs all data sets in turn, as many rounds as asked for unless the time is over.</summary>
    /// <returns>The measured runs.</returns>
    private static int Measure(string folder, int threads, int rounds, TimeSpan limit)
    {
        string? diagnostic = ExpectedFailures.Find(folder);
        Skip.If(diagnostic is not null, $"{folder} does not compile yet: {diagnostic}");
        ModelCompilation compilation = CompiledModels.Require(folder);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        IReadOnlyList<DataSet> sets = DataSet.ReadAll(folder, ModelSignature.Read(compilation.GraphText!));
        List<BoundRun> runs = [.. sets.Select(set => new BoundRun(session, set.Inputs))];
        ThreadWait.WaitOnce();
        try
        {
            long[] results = new long[sets.Count];
            long memory = 0;
            int count = 0;
            long start = Stopwatch.GetTimestamp();
            for (int round = 0; round < WarmUpRounds + rounds && Stopwatch.GetElapsedTime(start) < limit; round++)
            {
                for (int index = 0; index < sets.Count; index++)
                {
                    // With states a repeated run is another one, so each attempt begins with the same.
                    DataSet set = sets[index];
                    BoundRun run = runs[index];
                    long allocated = ThreadAllocations.Measure(run.Run, () => LoadStates(session, set));
                    long result = run.Fold();
                    if (round < WarmUpRounds)
                    {
                        results[index] = result;
                        memory = session.ArenaSize + session.ScratchSize;
                        continue;
                    }

                    count++;
                    Assert.True(allocated == 0, $"{folder}, set {sets[index].Number}, {threads} thread(s): run {count} allocates {allocated} bytes.");
                    Assert.True(result == results[index], $"{folder}, set {sets[index].Number}, {threads} thread(s): run {count} gives other bits.");
                }

                Assert.True(round < WarmUpRounds || session.ArenaSize + session.ScratchSize == memory, $"{folder}: the session's memory grows in round {round}.");
            }

            Assert.NotEqual(0, count);
            return count;
        }
        finally
        {
            runs.ForEach(static run => run.Dispose());
        }
    }

    private static void LoadStates(CompiledSession session, DataSet set)
    {
        session.Reset();
        foreach (string name in session.Description.States.Select(static state => state.InputName).Where(set.Inputs.ContainsKey))
        {
            session.LoadState(name, set.Inputs[name]);
        }
    }
}
