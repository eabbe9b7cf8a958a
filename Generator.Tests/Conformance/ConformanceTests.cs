using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Conformance;

/// <summary>Every zip file of the test data is a suite of cases, each of which must have the outcome that is expected of it, with all widths of vectors and with one and two threads.</summary>
[Trait("Suite", "conformance")]
public sealed class ConformanceTests(ITestOutputHelper output)
{
    // More would hide the first ones.
    private const int MaximumFaults = 100;

    public static TheoryData<string> Suites => [.. ConformanceSuites.Names.DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Suites))]
    public void CasesHaveTheExpectedOutcomes(string suite)
    {
        RequireData();
        var run = ConformanceRun.Get();
        CaseReport[] reports = [.. run.Reports.Where(report => report.Case.Suite == suite)];
        output.WriteLine(FormattableString.Invariant(
            $"{reports.Count(static report => report.Outcome.Kind == OutcomeKind.Passed)} of {reports.Length} cases pass. All suites took {run.CompileTime.TotalSeconds:F0} s to compile and {run.RunTime.TotalSeconds:F0} s to run."));
        Skip.If(ExpectedOutcomes.IsUpdating, "The list of expected outcomes was written.");
        Assert.True(reports.Length > 0 || ConformanceSuites.IsFiltered, "The suite has no cases.");
        SortedDictionary<string, Outcome> expected = ExpectedOutcomes.Read();
        string[] faults = [.. reports.Select(report => FindFault(report, expected.GetValueOrDefault(report.Case.Key, Outcome.Passed))).OfType<string>()];
        Assert.True(faults.Length == 0, $"{faults.Length} cases have other outcomes than {ExpectedOutcomes.Path} says:\n{string.Join("\n", faults.Take(MaximumFaults))}");
    }

    private static string? FindFault(CaseReport report, Outcome expected)
    {
        Outcome actual = report.Outcome;
        return actual.Kind == expected.Kind ? null
            : expected.Kind == OutcomeKind.Passed ? $"{report.Case.Key}: {actual.Kind}, {actual.Reason}"
            : actual.Kind == OutcomeKind.Passed ? $"{report.Case.Key} passes: take it off the list"
            : $"{report.Case.Key} is listed as {expected.Kind} but is {actual.Kind}, {actual.Reason}";
    }

    private static void RequireData() => Skip.If(ConformanceSuites.Names.Count == 0, $"There are no suites in '{TestData.Zips}'.");
}
