using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Conformance;

/// <summary>
/// The suites of the test data: every zip file there. The environment variable CAMEO_CONFORMANCE_FILTER restricts a run to cases whose key (suite/folder) has one of its
/// parts, which commas separate; a part that begins with a minus sign excludes.
/// </summary>
internal static class ConformanceSuites
{
    private const string FilterVariable = "CAMEO_CONFORMANCE_FILTER";

    private static readonly string[] Parts = (Environment.GetEnvironmentVariable(FilterVariable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Whether only some of the cases are run.</summary>
    public static bool IsFiltered => Parts.Length > 0;

    /// <summary>Names of the suites, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } = Directory.Exists(TestData.Zips)
        ? [.. Directory.GetFiles(TestData.Zips, "*.zip").Select(static path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>All cases of all suites, in ordinal order.</summary>
    public static IReadOnlyList<ConformanceCase> FindAll()
    {
        using var archives = new CaseArchives();
        return [.. Names.SelectMany(suite => archives.FindCases(suite))];
    }

    /// <summary>Whether the filter picks a case.</summary>
    public static bool IsPicked(ConformanceCase @case)
    {
        string[] excluded = [.. Parts.Where(static part => part[0] == '-').Select(static part => part[1..])];
        string[] included = [.. Parts.Where(static part => part[0] != '-')];
        return !excluded.Any(part => @case.Key.Contains(part, StringComparison.Ordinal))
            && (included.Length == 0 || included.Any(part => @case.Key.Contains(part, StringComparison.Ordinal)));
    }
}
