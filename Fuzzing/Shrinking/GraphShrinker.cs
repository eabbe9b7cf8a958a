using Cameo.Fuzzing.Checking;
using Cameo.Fuzzing.Generation;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Running;
using Cameo.Tests.Compilation;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>Makes a graph that fails smaller as long as it goes on failing in the same way.</summary>
internal static class GraphShrinker
{
    private const int CandidatesAtOnce = 24;

    public static void Write(FuzzingOptions options, int seed) =>
        ModelFolderWriter.Write(GraphFactory.Create(seed, options.Only), Folder(options, seed), "");

    public static void Shrink(FuzzingOptions options, int seed)
    {
        FuzzModel model = GraphFactory.Create(seed, options.Only);
        Verdict verdict = Check([model], seed)[0];
        Console.WriteLine($"{model.NodeCount} nodes: {verdict.Kind}: {verdict.Reason}");
        if (verdict.Kind is VerdictKind.Passed or VerdictKind.NoReference)
        {
            return;
        }

        while (Smaller(model, verdict, seed) is var (smaller, reason))
        {
            (model, verdict) = (smaller, reason);
            Console.WriteLine($"{model.NodeCount} nodes");
        }

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

    private static string Folder(FuzzingOptions options, int seed) => Path.Combine(options.Output, FormattableString.Invariant($"seed-{seed}"));

    private static (FuzzModel Model, Verdict Verdict)? Smaller(FuzzModel model, Verdict verdict, int seed)
    {
        foreach (FuzzModel[] candidates in Reductions.Of(model).OrderBy(static candidate => candidate.NodeCount).Chunk(CandidatesAtOnce))
        {
            Verdict[] verdicts = Check(candidates, seed);
            int index = Array.FindIndex(verdicts, other => other.Kind == verdict.Kind && (other.Kind != VerdictKind.Refused || Beginning(other) == Beginning(verdict)));
            if (index >= 0)
            {
                return (candidates[index], verdicts[index]);
            }
        }

        return null;
    }

    // Refusals begin with their id and the operator.
    private static string Beginning(Verdict verdict) => string.Join(' ', verdict.Reason.Split(' ').Take(2));

    private static Verdict[] Check(FuzzModel[] models, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("cameo-fuzzing-").FullName;
        try
        {
            return BatchCheck.Run([.. models.Select(model => (seed, model))], folder, static (_, _) => { });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
