using System.Globalization;
using Cameo.Benchmarks.Footprints;
using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.Reports;
using Cameo.Vectors;

namespace Cameo.Benchmarks.Suite;

/// <summary>All that is compared with other engines: <c>peers [part of a row's name …] [--threads 1,2] [--rounds N] [--save]</c>.</summary>
internal static class PeerSuite
{
    /// <summary>Measures rows and prints them.</summary>
    /// <param name="arguments">Parts of rows' names, of which a row must have one, and options; all usual rows where there is none.</param>
    /// <param name="sections">Parts of the report to stay in; all where there are none.</param>
    public static void Run(string[] arguments, params string[] sections)
    {
        (string[] filter, int[] threadCounts) = Read(arguments);
        bool isAll = filter.Length == 0 && sections.Length == 0;
        using var limits = new MachineLimits();
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}, llama.cpp {LlamaCppPackage.Version}; medians of interleaved rounds");
        Console.WriteLine();
        Console.WriteLine(ConsoleTable.Header);

        // A complete run begins anew; rows that are asked for replace their last measurements.
        ResultsFile results = (isAll ? new ResultsFile() : ResultsFile.Read(PerformancePage.ResultsPath)) with { Conditions = Conditions.Describe() };
        foreach (WorkGroup group in Groups(limits).Where(group => sections.Length == 0 || sections.Contains(group.Section)))
        {
            string[] rows = filter.Length == 0
                ? [.. group.Rows]
                : [.. group.Rows.Concat(group.MoreRows).Where(row => filter.Any(part => row.Contains(part, StringComparison.OrdinalIgnoreCase)))];
            foreach (int threads in rows.Length > 0 ? threadCounts : [])
            {
                results = Measure(group, rows, threads, results);
                if (isAll || Settings.Saves)
                {
                    results.Write(PerformancePage.ResultsPath);
                    PerformancePage.Write(results);
                }
            }
        }
    }

    private static ResultsFile Measure(WorkGroup group, string[] rows, int threads, ResultsFile results)
    {
        try
        {
            foreach (Measurement measurement in group.Measure(rows, threads))
            {
                Console.WriteLine(ConsoleTable.Row(measurement));
                results = results.With([measurement]);
            }

            return results;
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            string failure = $"{string.Join(", ", rows)}, {threads} thread(s): {exception.Message.Split('\n')[0]}";
            Console.WriteLine($"| {failure} | | | | | | | |");
            return results with { Failures = [.. results.Failures.Where(other => other != failure), failure] };
        }
    }

    private static IEnumerable<WorkGroup> Groups(MachineLimits limits)
    {
        yield return new LimitGroup(limits);
        yield return new MatrixGroup();
        yield return new MatrixVectorGroup();
        ModelWork[] works = ModelWorks.All();
        foreach (ModelWork work in works)
        {
            yield return new ModelGroup(work);
        }

        foreach (LlamaFiles files in LlamaFiles.All)
        {
            yield return new LanguageModelGroup(files, limits);
        }

        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Tiny, fourBits: false), limits, isExtra: true);
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Tiny, fourBits: true), limits, isExtra: true);
        yield return new SpellingGroup(LlamaFiles.All[0]);
        yield return new StartUpGroup();
        foreach (LlamaFiles files in LlamaFiles.All)
        {
            yield return new BuildGroup(files);
        }

        foreach (ModelWork work in works)
        {
            yield return new FootprintGroup(work.Name, () => ChildWorks.Of(work));
        }

        foreach (LlamaFiles files in LlamaFiles.All)
        {
            yield return new FootprintGroup(files.Name, () => ChildWorks.Of(files));
        }
    }

    private static (string[] Filter, int[] ThreadCounts) Read(string[] arguments)
    {
        var filter = new List<string>();
        int[] threadCounts = [.. new[] { 1, 2 }.Where(static count => count <= Environment.ProcessorCount)];
        for (int index = 0; index < arguments.Length; index++)
        {
            switch (arguments[index])
            {
                case "--threads":
                    threadCounts = [.. arguments[++index].Split(',').Select(static count => int.Parse(count, CultureInfo.InvariantCulture))];
                    break;
                case "--save":
                    Settings.Saves = true;
                    break;
                case "--rounds":
                    Settings.Rounds = int.Parse(arguments[++index], CultureInfo.InvariantCulture);
                    break;
                default:
                    filter.Add(arguments[index]);
                    break;
            }
        }

        return ([.. filter], threadCounts);
    }
}
