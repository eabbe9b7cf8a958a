using System.Globalization;
using Cameo.Fuzzing.Checking;
using Cameo.Fuzzing.Generation;
using Cameo.Fuzzing.Models;

namespace Cameo.Fuzzing.Running;

/// <summary>The side of the child process: reads batches of seeds, a line each, and tells what it is at and what became of each graph.</summary>
internal static class FuzzingWorker
{
    public const string Mode = "worker";

    /// <summary>Begin the lines that the parent reads.</summary>
    public const string StagePrefix = "##at ", VerdictPrefix = "##verdict ", DoneLine = "##done";

    public static void Run(IReadOnlyCollection<string> only)
    {
        while (Console.In.ReadLine() is { } line)
        {
            string folder = Directory.CreateTempSubdirectory("cameo-fuzzing-").FullName;
            try
            {
                RunBatch([.. line.Split(' ').Select(static seed => int.Parse(seed, CultureInfo.InvariantCulture))], only, folder);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }

            Console.WriteLine(DoneLine);
        }
    }

    private static void RunBatch(int[] seeds, IReadOnlyCollection<string> only, string folder)
    {
        List<(int Seed, FuzzModel Model)> models = [];
        foreach (int seed in seeds)
        {
            Stage(seed, "generate");
            models.Add((seed, GraphFactory.Create(seed, only)));
        }

        Verdict[] verdicts = BatchCheck.Run(models, folder, Stage);
        for (int index = 0; index < verdicts.Length; index++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{VerdictPrefix}{seeds[index]} {verdicts[index].Kind} {models[index].Model.NodeCount} {OneLine(verdicts[index].Reason)}"));
        }
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static void Stage(int seed, string stage) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{StagePrefix}{seed} {stage}"));
}
