using System.Globalization;
using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.Models;

namespace Cameo.Benchmarks.Suite;

/// <summary>Where the time of models goes, kernel by kernel: <c>profile [part of a model's or a language model's row …] [threads]</c>.</summary>
internal static class ProfileSuite
{
    /// <summary>Prints a row for each kernel.</summary>
    /// <param name="arguments">Parts of names; a number among them is the number of threads.</param>
    public static void Run(string[] arguments)
    {
        int threads = arguments.Select(static argument => int.TryParse(argument, CultureInfo.InvariantCulture, out int number) ? number : 0).Append(1).First(static number => number > 0);
        string[] names = [.. arguments.Where(static argument => !int.TryParse(argument, CultureInfo.InvariantCulture, out _))];
        bool isWanted(string name) => names.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
        foreach (ModelWork work in ModelWorks.All().Where(work => names.Length == 0 || isWanted(work.Name)))
        {
            KernelProfile.Run(work, threads);
        }

        using var limits = new MachineLimits();
        foreach (LlamaFiles files in LlamaFiles.All)
        {
            var group = new LanguageModelGroup(files, limits);
            foreach (string row in group.Rows.Where(isWanted))
            {
                group.Profile(row, threads);
            }
        }
    }
}
