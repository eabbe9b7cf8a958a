using System.Collections.Concurrent;

namespace Cameo.Tests.Models;

/// <summary>What became of the models, written to model-suite.txt beside the tests' binaries after the last one for whoever runs the tests.</summary>
public sealed class SuiteReport : IDisposable
{
    private readonly ConcurrentDictionary<string, string> _entries = new(StringComparer.Ordinal);

    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "model-suite.txt");

    public void AddPassed(string folder) => _entries[folder] = "passed";

    public void AddFailed(string folder) => _entries[folder] = "failed";

    public void AddExpectedFailure(string folder, string diagnostic) => _entries[folder] = $"expected failure: {diagnostic}";

    public void Dispose()
    {
        string[] lines = [.. _entries.OrderBy(static entry => entry.Key, StringComparer.Ordinal).Select(static entry => $"{entry.Key}: {entry.Value}")];
        int expected = _entries.Values.Count(static text => text.StartsWith("expected", StringComparison.Ordinal));
        File.WriteAllLines(Path, [.. lines, $"{_entries.Values.Count(static text => text == "passed")} of {_entries.Count} models passed, {expected} are expected to fail"]);
        ExpectedFailures.WriteUpdates();
    }
}
