namespace Cameo.Generator.Reports;

/// <summary>A table of a report.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Note">A sentence or two before the table; empty where it needs none.</param>
/// <param name="Columns">Headings of the columns. Those that end with <c>#</c> hold numbers (the sign is not shown).</param>
/// <param name="Rows">The rows; a cell may have several lines.</param>
internal sealed record ReportSection(string Title, string Note, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>A picture below the table as SVG; empty where there is none.</summary>
    public string Picture { get; init; } = "";
}
