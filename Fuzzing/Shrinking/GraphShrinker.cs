using System.Globalization;
using Cameo.Fuzzing.Checking;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Running;
using Cameo.Tests.Compilation;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>Makes a graph that fails smaller as long as it goes on failing in the same way. A child process checks, so that what takes it down or hangs is a verdict as any other.</summary>
internal sealed class GraphShrinker(FuzzingOptions options) : IDisposable
{
    private const int CandidatesAtOnce = 24;

    private readonly Candidates _candidates = new(options.Only);
    private WorkerProcess? _worker;

    public static void Write(FuzzingOptions options, int seed) => ModelFolderWriter.Write(new Candidates(options.Only).Find(Key(seed)), Folder(options, seed), "");

    public static void Shrink(FuzzingOptions options, int seed)
    {
        using var shrinker = new GraphShrinker(options);
        shrinker.Shrink(seed);
    }

    public void Dispose() => _worker?.Dispose();

    private void Shrink(int seed)
    {
        string key = Key(seed);
        SeedVerdict found = Check([key])[0];
        Console.WriteLine($"{found.Nodes} nodes: {found.Verdict.Kind}: {found.Verdict.Reason}");
        if (found.Verdict.Kind is VerdictKind.Passed or VerdictKind.NoReference)
        {
            return;
        }

        Verdict verdict = found.Verdict;
        while (Smaller(key, verdict) is { } smaller)
        {
            (key, verdict) = (smaller.Key, smaller.Verdict);
            Console.WriteLine($"{smaller.Nodes} nodes");
        }

        FuzzModel model = _candidates.Find(key);
        string folder = Folder(options, seed);
        ModelFolderWriter.Write(model, folder, $"{verdict.Kind}: {verdict.Reason}");
        if (GeneratedDump.IsWanted)
        {
            ModelCompilation.Run("Model", model.ToBytes(), "Model", Path.Combine(folder, "generated"));
        }

        Console.WriteLine(ModelText.Describe(model));
        Console.WriteLine($"{verdict.Kind}: {verdict.Reason}");
        Console.WriteLine(folder);
    }

    private static string Key(int seed) => seed.ToString(CultureInfo.InvariantCulture);

    private static string Folder(FuzzingOptions options, int seed) => Path.Combine(options.Output, FormattableString.Invariant($"seed-{seed}"));

    private SeedVerdict? Smaller(string key, Verdict verdict)
    {
        string[] keys = [.. Enumerable.Range(0, _candidates.Smaller(key).Length).Select(index => FormattableString.Invariant($"{key}/{index}"))];
        return keys.Chunk(CandidatesAtOnce).Select(some => Check(some).Find(other => IsAlike(other.Verdict, verdict))).FirstOrDefault(static found => found is not null);
    }

    // Refusals begin with their id and the operator.
    private static bool IsAlike(Verdict one, Verdict other) =>
        one.Kind == other.Kind && (one.Kind != VerdictKind.Refused || one.Reason.Split(' ').Take(2).SequenceEqual(other.Reason.Split(' ').Take(2)));

    /// <summary>Verdicts in the order of the keys.</summary>
    private List<SeedVerdict> Check(string[] keys)
    {
        List<SeedVerdict> verdicts = [];
        while (verdicts.Count < keys.Length)
        {
            if (_worker is not { IsAlive: true })
            {
                _worker?.Dispose();
                _worker = new WorkerProcess(options.Width ?? VectorSetting.Widest, options.Only);
            }

            // What is left after a crash goes to the next process.
            verdicts.AddRange(_worker.Check([.. keys.Except(verdicts.Select(static verdict => verdict.Key))]));
        }

        return [.. keys.Select(key => verdicts.Find(verdict => verdict.Key == key)!)];
    }
}
