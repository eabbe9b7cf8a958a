using System.Text;

namespace Cameo.Generator.Reports;

/// <summary>Writes a report as one HTML file that needs nothing else.</summary>
internal static class ReportPage
{
    private const string Style = """
        :root { color-scheme: light dark; }
        body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
        table { border-collapse: collapse; margin: .75rem 0; }
        th, td { border-bottom: 1px solid #8884; padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; white-space: pre-line; }
        .number { font-variant-numeric: tabular-nums; text-align: right; }
        h2 { margin-top: 2.5rem; }
        .wide { overflow-x: auto; }
        svg { background: #8881; max-width: 100%; }
        svg text { fill: currentColor; font: 11px system-ui, sans-serif; }
        """;

    public static string Write(ModelReport report)
    {
        var page = new StringBuilder();
        string title = Escape(report.Title);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>").Append(title).Append("</title>\n<style>\n").Append(Style.Replace("\r\n", "\n"))
            .Append("\n</style>\n</head>\n<body>\n<h1>").Append(title).Append("</h1>\n<table>\n");
        foreach ((string name, string value) in report.Facts)
        {
            page.Append("<tr><th>").Append(Escape(name)).Append("</th><td>").Append(Escape(value)).Append("</td></tr>\n");
        }

        page.Append("</table>\n");
        foreach (ReportSection section in report.Sections)
        {
            Write(page, section);
        }

        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void Write(StringBuilder page, ReportSection section)
    {
        page.Append("<h2>").Append(Escape(section.Title)).Append("</h2>\n");
        if (section.Note.Length > 0)
        {
            page.Append("<p>").Append(Escape(section.Note)).Append("</p>\n");
        }

        page.Append(section.Picture);
        if (section.Rows.Count == 0)
        {
            return;
        }

        bool[] isNumber = [.. section.Columns.Select(column => column.EndsWith("#", StringComparison.Ordinal))];
        page.Append("<div class=\"wide\"><table>\n<tr>");
        for (int column = 0; column < isNumber.Length; column++)
        {
            page.Append(isNumber[column] ? "<th class=\"number\">" : "<th>").Append(Escape(section.Columns[column].TrimEnd('#'))).Append("</th>");
        }

        page.Append("</tr>\n");
        foreach (IReadOnlyList<string> row in section.Rows)
        {
            page.Append("<tr>");
            for (int column = 0; column < row.Count; column++)
            {
                page.Append(isNumber[column] ? "<td class=\"number\">" : "<td>").Append(Escape(row[column])).Append("</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n");
    }

    /// <summary>Text between tags or in an attribute.</summary>
    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;");
}
