using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Conformance;

/// <summary>
/// The cases that do not pass: lines <c>suite/folder: outcome, reason</c> of expected-outcomes.txt in ordinal order; lines that start with <c>#</c> are comments. Only the kind of
/// the outcome is compared, so that a reason may be worded anew. CAMEO_UPDATE_EXPECTED=1 writes the list anew, for the cases that the filter picks.
/// </summary>
internal static class ExpectedOutcomes
{
    private const string Separator = ": ", ReasonSeparator = ", ";

    public static string Path { get; } = System.IO.Path.Combine(TestData.Repository, "Generator.Tests", "Conformance", "expected-outcomes.txt");

    public static bool IsUpdating { get; } = Environment.GetEnvironmentVariable("CAMEO_UPDATE_EXPECTED") == "1";

    /// <summary>What is expected of the cases that do not pass, by their keys.</summary>
    public static SortedDictionary<string, Outcome> Read()
    {
        SortedDictionary<string, Outcome> outcomes = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path).Where(static line => line.Length > 0 && line[0] != '#'))
        {
            int end = line.IndexOf(Separator, StringComparison.Ordinal);
            string[] parts = end < 0 ? [] : line[(end + Separator.Length)..].Split(ReasonSeparator, 2);
            outcomes.Add(
                end < 0 ? throw new InvalidDataException($"{Path}: '{line}' does not have the form 'suite/folder: outcome, reason'.") : line[..end],
                new Outcome(Enum.Parse<OutcomeKind>(parts[0], ignoreCase: true), parts is [_, var reason] ? reason : ""));
        }

        return outcomes;
    }

    /// <summary>Writes the list anew with what a run found out; cases that were not run keep their lines, those that no longer exist lose them.</summary>
    public static void Update(IReadOnlyList<CaseReport> reports)
    {
        SortedDictionary<string, Outcome> outcomes = Read();
        HashSet<string> existing = [.. ConformanceSuites.FindAll().Select(static @case => @case.Key)];
        foreach (string key in outcomes.Keys.Where(key => !existing.Contains(key)).ToArray())
        {
            outcomes.Remove(key);
        }

        foreach (CaseReport report in reports)
        {
            outcomes.Remove(report.Case.Key);
            if (report.Outcome.Kind != OutcomeKind.Passed)
            {
                outcomes.Add(report.Case.Key, report.Outcome);
            }
        }

        IEnumerable<string> comments = File.ReadLines(Path).TakeWhile(static line => line.StartsWith('#')).ToArray();
        File.WriteAllLines(Path, [.. comments, .. outcomes.Select(static entry => $"{entry.Key}{Separator}{entry.Value.Kind.ToString().ToLowerInvariant()}{ReasonSeparator}{entry.Value.Reason}")]);
    }
}
