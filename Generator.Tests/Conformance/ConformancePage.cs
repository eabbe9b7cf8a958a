using System.Globalization;

namespace Cameo.Tests.Conformance;

/// <summary>
/// docs/conformance.md: how many cases of each suite pass, which do not and why, and the largest differences by operator. Counts follow from the suites and the list of expected
/// outcomes; the differences from a run, or from the page as it is for operators that a filtered run leaves out.
/// </summary>
internal static class ConformancePage
{
    private static readonly string[] SuiteHeaders = ["suite", "cases", "pass", .. NotPassed.Select(static kind => kind.ToString().ToLowerInvariant())];
    private static readonly string[] DifferenceHeaders = ["operator", "largest difference in units in the last place"];

    private static OutcomeKind[] NotPassed => [.. Enum.GetValues<OutcomeKind>().Where(static kind => kind != OutcomeKind.Passed)];

    /// <summary>The page.</summary>
    /// <param name="cases">All cases of all suites.</param>
    /// <param name="expected">The outcomes of those that do not pass.</param>
    /// <param name="reports">The cases that were run.</param>
    /// <param name="existing">The page to keep differences from, for operators whose cases were not run; empty after a run of all cases.</param>
    public static string Write(IReadOnlyList<ConformanceCase> cases, IReadOnlyDictionary<string, Outcome> expected, IReadOnlyList<CaseReport> reports, string existing) => string.Join('\n',
    [
        "# Conformance",
        "",
        "Written by the tests from the suites in the test data and a run of them (`CAMEO_UPDATE_DOCS=1` with the tests of the trait `Suite=conformance`).",
        "Every case runs with each width of vectors that the machine has or can be told to use (512, 256 and 128 bits, 128 bits without fused multiply-add, scalar), with one and with two",
        "threads, which must give the same bits, and is compared with the tolerances of ONNX's own runner (relative 1e-3, absolute 1e-7) or those that the case states.",
        "Cases of `negative` folders must be refused, by a diagnostic or an exception that names the operator and the reason.",
        "",
        "## Suites",
        "",
        .. DocumentTable.Format(SuiteHeaders, SuiteRows(cases, expected)),
        "",
        "## Cases that do not pass",
        "",
        .. FailureLines(expected),
        "",
        "## Largest differences",
        "",
        "Over the floating-point outputs of passing cases with one operator, at any width, where the expected element is at least 1/1024 of the largest one. Where the expected outputs",
        "were computed with less precision than the result, the difference is theirs.",
        "",
        .. DocumentTable.Format(DifferenceHeaders, DifferenceRows(reports, existing)),
        "",
    ]);

    /// <summary>Whether a page was written for suites with as many cases: with other test data there is nothing to compare.</summary>
    public static bool IsAbout(string page, IReadOnlyList<ConformanceCase> cases)
        => DocumentTable.Parse(page, SuiteHeaders).Select(static row => $"{row.Key} {row.Value[1]}")
            .ToHashSet().SetEquals(cases.CountBy(static @case => @case.Suite).Select(static suite => FormattableString.Invariant($"{suite.Key} {suite.Value}")));

    private static IEnumerable<string[]> SuiteRows(IReadOnlyList<ConformanceCase> cases, IReadOnlyDictionary<string, Outcome> expected) =>
        from @case in cases
        group expected.GetValueOrDefault(@case.Key, Outcome.Passed).Kind by @case.Suite into suite
        select (string[])[suite.Key, Text(suite.Count()), Text(suite.Count(static kind => kind == OutcomeKind.Passed)), .. NotPassed.Select(kind => Text(suite.Count(other => other == kind)))];

    private static IEnumerable<string> FailureLines(IReadOnlyDictionary<string, Outcome> expected)
    {
        if (expected.Count == 0)
        {
            return ["None."];
        }

        return
            from failure in expected
            let suite = failure.Key[..failure.Key.IndexOf('/', StringComparison.Ordinal)]
            group failure.Key[(suite.Length + 1)..] by (Suite: suite, failure.Value) into reason
            orderby reason.Key.Suite, reason.Count() descending, reason.Key.Value.Reason
            select $"- {reason.Key.Suite}, {reason.Key.Value.Kind.ToString().ToLowerInvariant()}: {reason.Key.Value.Reason} ({Text(reason.Count())}): {string.Join(", ", reason.Select(static name => $"`{name}`"))}";
    }

    private static IEnumerable<string[]> DifferenceRows(IReadOnlyList<CaseReport> reports, string existing)
    {
        SortedDictionary<string, double> differences = new(StringComparer.Ordinal);
        foreach ((string name, string[] cells) in DocumentTable.Parse(existing, DifferenceHeaders))
        {
            differences.Add(name, double.Parse(cells[1], CultureInfo.InvariantCulture));
        }

        foreach (CaseReport report in reports.Where(static report => report.Outcome.Kind == OutcomeKind.Passed && report.MaximumUlp > 0 && report.Compiled.Subject is not null))
        {
            string name = report.Compiled.Subject!;
            differences[name] = Math.Max(differences.GetValueOrDefault(name), Rounded(report.MaximumUlp));
        }

        return differences.Select(static entry => (string[])[entry.Key, Text(entry.Value)]);
    }

    // Two digits tell enough, and leave the page as it is when the order of a sum changes a little.
    private static double Rounded(double ulp)
    {
        double scale = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(ulp)) - 1));
        return ulp < 1 ? Math.Ceiling(ulp * 2) / 2 : Math.Ceiling(ulp / scale) * scale;
    }

    private static string Text(double number) => number.ToString(number < 1e6 ? "0.#" : "0.0e+0", CultureInfo.InvariantCulture);
}
