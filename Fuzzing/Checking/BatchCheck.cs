using Cameo.Fuzzing.Models;
using Cameo.Tests.Compilation;

namespace Cameo.Fuzzing.Checking;

/// <summary>Takes several models through one run of the C# compiler, whose start takes longer than most models.</summary>
internal static class BatchCheck
{
    /// <summary>The verdicts on all models; reports each stage of a model (by its place in the list) before it begins.</summary>
    public static Verdict[] Run(IReadOnlyList<(int Seed, FuzzModel Model)> models, string folder, Action<int, string> stage)
    {
        List<ModelCheck> checks = [];
        foreach ((_, FuzzModel model) in models)
        {
            stage(checks.Count, "compile");
            checks.Add(new ModelCheck(model, FormattableString.Invariant($"Model{checks.Count}"), Directory.CreateDirectory(Path.Combine(folder, FormattableString.Invariant($"{checks.Count}"))).FullName));
        }

        stage(0, "emit");
        GeneratedAssembly.Build([.. checks.Select(static check => check.Compilation)]);
        return [.. checks.Select((check, index) =>
        {
            stage(index, "run");
            return check.Judge(models[index].Seed);
        })];
    }
}
