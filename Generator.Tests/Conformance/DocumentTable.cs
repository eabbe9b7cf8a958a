namespace Cameo.Tests.Conformance;

/// <summary>A table of a Markdown page, whose first column is the key of its rows.</summary>
internal static class DocumentTable
{
    public static IEnumerable<string> Format(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows) =>
    [
        $"| {string.Join(" | ", headers)} |",
        $"|{string.Concat(headers.Select(static _ => " --- |"))}",
        .. rows.Select(static row => $"| {string.Join(" | ", row.Select(static cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |"),
    ];

    /// <summary>The rows of the table whose headers begin with these, by their first cells; none where the page has no such table.</summary>
    public static Dictionary<string, string[]> Parse(string page, IReadOnlyList<string> headers)
    {
        string header = $"| {string.Join(" | ", headers)} |";
        return page.Split('\n')
            .SkipWhile(line => line != header)
            .Skip(2)
            .TakeWhile(static line => line.StartsWith('|'))
            .Select(static line => line[2..^2].Split(" | "))
            .ToDictionary(static cells => cells[0], StringComparer.Ordinal);
    }
}
