using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.Reports;
using Cameo.Vectors;

namespace Cameo.Benchmarks.Suite;

/// <summary>All that is compared with other engines: <c>peers [part of a row's name …] [--threads 1,2] [--rounds N]</c>.</summary>
internal static class PeerSuite
{
    public static void Run(string[] arguments)
    {
        (string[] filter, int[] threadCounts) = Read(arguments);
        using var limits = new MachineLimits();
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}, llama.cpp {LlamaCppPackage.Version}; medians of interleaved rounds");
        Console.WriteLine();
        Console.WriteLine(ConsoleTable.Header);
        foreach (WorkGroup group in Groups(limits))
        {
            string[] rows = [.. group.Rows.Where(row => filter.Length == 0 || filter.Any(part => row.Contains(part, StringComparison.OrdinalIgnoreCase)))];
            foreach (int threads in rows.Length > 0 ? threadCounts : [])
            {
                Measure(group, rows, threads);
            }
        }
    }

    private static void Measure(WorkGroup group, string[] rows, int threads)
    {
        try
        {
            foreach (Measurement measurement in group.Measure(rows, threads))
            {
                Console.WriteLine(ConsoleTable.Row(measurement));
            }
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            Console.WriteLine($"| {string.Join(", ", rows)} | {threads} | {exception.Message.Split('\n')[0]} | | | | | |");
        }
    }

    private static IEnumerable<WorkGroup> Groups(MachineLimits limits)
    {
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Tiny, fourBits: false), limits);
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Tiny, fourBits: true), limits);
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Shape135M, fourBits: false), limits);
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Shape135M, fourBits: true), limits);
        yield return new LanguageModelGroup(new LlamaFiles(LlamaConfiguration.Shape1B, fourBits: true), limits);
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
                    threadCounts = [.. arguments[++index].Split(',').Select(int.Parse)];
                    break;
                case "--rounds":
                    Settings.Rounds = int.Parse(arguments[++index], System.Globalization.CultureInfo.InvariantCulture);
                    break;
                default:
                    filter.Add(arguments[index]);
                    break;
            }
        }

        return ([.. filter], threadCounts);
    }
}
