using System.Runtime.CompilerServices;
using System.Text;

namespace Cameo.Benchmarks.Reports;

/// <summary>Writes <c>docs/performance.md</c>: what was measured between two marks, and around them what people wrote; and its pictures.</summary>
internal static class PerformancePage
{
    private const string Begin = "<!-- measured: written by the benchmark -->";
    private const string End = "<!-- end of what was measured -->";
    private const string Limits = "limits";

    // Sections in the order of the page, with what is said of each.
    private static readonly (string Section, string Text)[] Sections =
    [
        ("language models", "Shapes of SmolLM2-135M and Llama 3.2 1B with random weights, the same numbers in every engine: float32, or 4 bits in symmetric blocks of 32 with float16 scales (MatMulNBits at accuracy level 4 and Q4_0). `prefill-…-512` feeds 512 tokens into an empty cache and takes the last position's logits; `decode-…-1024` appends one token to 1,024. The limit of a prefill is multiply-adds in registers, 8-bit ones where weights have 4 bits; that of a decode is reading all weights and the cache once."),
        ("spellings", "The same model, once in the operators of each kind of exporter, compiled by Cameo; each against the fastest."),
        ("matrix products", "Models of one MatMul; the right-hand side is an initializer or comes with the run."),
        ("image nets", "Nets of ONNX's light test models with random weights; one image, time of a run."),
        ("real models", "Text detection (640×640) and direction, voice activity, keyword spotting in three forms, digits; time of a run."),
        ("decision trees", "A random forest of 100 trees with 9 comparisons over 28 features; time of a run."),
        ("memory and load", "One process an engine under the same .NET host, one thread: highest resident set, mapped files included, after a prompt of 128 tokens and 16 more, or four runs; time from the start of loading to the first result. .NET alone is some 35 MiB of each, and for Cameo compiling the model's code while it first runs is most of the time of small models: ahead of time (below) there is none."),
        ("start", "A program compiled ahead of time, the engine in it or beside it, from the start of the process until it has ended with the printed result; the share is that of the 30 ms which are the goal."),
        ("build", "What a build does with the language models: reading the file and its index of weights, compiling the graph to C#, and packing the weights into their file, from files that the system has in memory; the C# text that comes out. A project's first build takes some seconds more for MSBuild and the C# compiler."),
    ];

    private static string Docs { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "docs"));

    /// <summary>The file of all results.</summary>
    public static string ResultsPath => Path.Combine(Docs, "performance.json");

    public static void Write(ResultsFile results)
    {
        string path = Path.Combine(Docs, "performance.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal), end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{path} lacks the marks between which results are written.");
        }

        File.WriteAllText(path, page[..(begin + Begin.Length)] + "\n" + Measured(results) + page[end..]);
    }

    private static string Measured(ResultsFile results)
    {
        var text = new StringBuilder();
        text.Append("\n## Conditions\n\n");
        foreach (string condition in results.Conditions)
        {
            text.Append($"* {condition}\n");
        }

        text.Append("\n| limit | threads | reached |\n| --- | ---: | ---: |\n");
        foreach (Measurement row in Of(results, Limits))
        {
            text.Append($"| {row.Name["limit ".Length..]} | {row.Threads} | {row.Speed(row.Own.Median)} |\n");
        }

        if (results.Failures.Length > 0)
        {
            text.Append("\nNot measured:\n\n");
            foreach (string failure in results.Failures)
            {
                text.Append($"* {failure}\n");
            }
        }

        foreach ((string section, string about) in Sections)
        {
            Measurement[] rows = [.. Of(results, section)];
            if (rows.Length > 0)
            {
                text.Append($"\n## {char.ToUpperInvariant(section[0])}{section[1..]}\n\n{about}\n\n");
                text.Append(Pictures(section, rows));
                text.Append(ConsoleTable.Header).Append('\n');
                foreach (Measurement row in rows)
                {
                    text.Append(ConsoleTable.Row(row)).Append('\n');
                }

                text.Append(ConsoleTable.Means(rows));
            }
        }

        return text.Append('\n').ToString();
    }

    private static IEnumerable<Measurement> Of(ResultsFile results, string section) => results.Rows.Where(row => row.Section == section);

    /// <summary>Speed as a multiple of each peer's, and the share of the limit, as pictures.</summary>
    private static string Pictures(string section, Measurement[] rows)
    {
        string name = section.Replace(' ', '-');
        string[] peers = [.. new[] { "ONNX Runtime", "llama.cpp" }.Where(peer => rows.Any(row => row.RatioTo(peer) is not null))];
        var text = new StringBuilder();
        if (peers.Length > 0)
        {
            Measurement[] compared = [.. rows.Where(row => peers.Any(peer => row.RatioTo(peer) is not null))];
            Save($"{name}-ratio.svg", BarChart.Draw(
                $"Cameo, {section}: times as fast (or as small)", [.. peers.Select(static peer => $"as {peer}")],
                [.. compared.Select(row => (Label(row), peers.Select(row.RatioTo).ToArray()))], mark: 1, static value => $"{value:F2}×"));
            text.Append($"![Speed relative to other engines](pictures/{name}-ratio.svg)\n\n");
        }

        Measurement[] limited = [.. rows.Where(static row => row.Share is not null)];
        if (limited.Length > 0)
        {
            Save($"{name}-limit.svg", BarChart.Draw(
                $"Cameo, {section}: share of the machine's limit", ["Cameo"], [.. limited.Select(static row => (Label(row), new[] { row.Share }))], mark: 1, static value => $"{value:P0}"));
            text.Append($"![Share of the machine's limit](pictures/{name}-limit.svg)\n\n");
        }

        return text.ToString();
    }

    private static string Label(Measurement row) => $"{row.Name}, {row.Threads} thread{(row.Threads > 1 ? "s" : "")}";

    private static void Save(string file, string svg)
    {
        Directory.CreateDirectory(Path.Combine(Docs, "pictures"));
        File.WriteAllText(Path.Combine(Docs, "pictures", file), svg);
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
