using System.Globalization;
using Cameo.Fuzzing.Checking;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Oracle;
using Cameo.Fuzzing.Shrinking;

namespace Cameo.Fuzzing.Running;

/// <summary>The side of the child process: reads batches of keys of graphs, a line each, and tells what it is at and what became of each graph.</summary>
internal static class FuzzingWorker
{
    public const string Mode = "worker";

    /// <summary>Begins the names of the stages in which only the reference computes.</summary>
    public const string GenerateStage = "generate";

    /// <summary>Begin the lines that the parent reads.</summary>
    public const string StagePrefix = "##at ", VerdictPrefix = "##verdict ", DoneLine = "##done";

    public static void Run(IReadOnlyCollection<string> only)
    {
        var candidates = new Candidates(only);
        while (Console.In.ReadLine() is { } line)
        {
            string folder = Directory.CreateTempSubdirectory("cameo-fuzzing-").FullName;
            try
            {
                RunBatch(line.Split(' '), candidates, folder);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }

            Console.WriteLine(DoneLine);
        }
    }

    private static void RunBatch(string[] keys, Candidates candidates, string folder)
    {
        List<(int Seed, FuzzModel Model)> models = [];
        foreach (string key in keys)
        {
            Stage(key, GenerateStage);
            Reference.Watch = type => Stage(key, $"{GenerateStage}:{type}");
            models.Add((Candidates.Seed(key), candidates.Find(key)));
            Reference.Watch = null;
        }

        Verdict[] verdicts = BatchCheck.Run(models, folder, (index, stage) => Stage(keys[index], stage));
        for (int index = 0; index < verdicts.Length; index++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{VerdictPrefix}{keys[index]} {verdicts[index].Kind} {models[index].Model.NodeCount} {OneLine(verdicts[index].Reason)}"));
        }
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static void Stage(string key, string stage) => Console.WriteLine($"{StagePrefix}{key} {stage}");
}
