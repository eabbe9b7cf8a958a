using System.Collections.Concurrent;

namespace Cameo.Tests.Models;

/// <summary>What became of the models, written to model-suite.txt beside the tests' binaries at the end of the process for whoever runs them.</summary>
internal static class SuiteReport
{
    private static readonly ConcurrentDictionary<string, string> Entries = new(StringComparer.Ordinal);

    static SuiteReport() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => Write();

    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "model-suite.txt");

    public static void AddPassed(string folder) => Entries[folder] = "passed";

    public static void AddExpectedFailure(string folder, string diagnostic) => Entries[folder] = $"expected failure: {diagnostic}";

    public static void AddSkipped(string folder, string reason) => Entries[folder] = $"skipped: {reason}";

    private static void Write()
    {
        string[] lines = [.. Entries.OrderBy(static entry => entry.Key, StringComparer.Ordinal).Select(static entry => $"{entry.Key}: {entry.Value}")];
        try
        {
            File.WriteAllLines(Path, [.. lines, $"{Entries.Values.Count(static text => text == "passed")} of {Entries.Count} models passed"]);
        }
        catch (IOException)
        {
            // The report is a courtesy; the tests' results do not depend on it.
        }
    }
}
