using Cameo.Fuzzing.Models;
using Cameo.Tests.Compilation;

namespace Cameo.Fuzzing.Checking;

/// <summary>Takes several models through one run of the C# compiler, whose start takes longer than most models.</summary>
internal static class BatchCheck
{
    /// <summary>The verdicts on all models; reports each stage before it begins.</summary>
    public static Verdict[] Run(IReadOnlyList<(int Seed, FuzzModel Model)> models, string folder, Action<int, string> stage)
    {
        List<ModelCheck> checks = [];
        foreach ((int seed, FuzzModel model) in models)
        {
            stage(seed, "compile");
            checks.Add(new ModelCheck(model, FormattableString.Invariant($"Model{checks.Count}"), Directory.CreateDirectory(Path.Combine(folder, FormattableString.Invariant($"{checks.Count}"))).FullName));
        }

        stage(models[0].Seed, "emit");
        GeneratedAssembly.Build([.. checks.Select(static check => check.Compilation)]);
        return [.. checks.Select((check, index) =>
        {
            stage(models[index].Seed, "run");
            return check.Judge(models[index].Seed);
        })];
    }
}
