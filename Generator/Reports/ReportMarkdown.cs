using System.Text;

namespace Cameo.Generator.Reports;

/// <summary>Writes a report as Markdown: for terminals and for comparing two versions of a model.</summary>
internal static class ReportMarkdown
{
    public static string Write(ModelReport report)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(Escape(report.Title)).Append("\n\n| | |\n| --- | --- |\n");
        foreach ((string name, string value) in report.Facts)
        {
            text.Append("| ").Append(Escape(name)).Append(" | ").Append(Escape(value)).Append(" |\n");
        }

        foreach (ReportSection section in report.Sections)
        {
            text.Append("\n## ").Append(Escape(section.Title)).Append('\n');
            if (section.Note.Length > 0)
            {
                text.Append('\n').Append(Escape(section.Note)).Append('\n');
            }

            if (section.Rows.Count > 0)
            {
                text.Append("\n| ").Append(string.Join(" | ", section.Columns.Select(column => Escape(column.TrimEnd('#'))))).Append(" |\n");
                text.Append("| ").Append(string.Join(" | ", section.Columns.Select(column => column.EndsWith("#", StringComparison.Ordinal) ? "---:" : "---"))).Append(" |\n");
                foreach (IReadOnlyList<string> row in section.Rows)
                {
                    text.Append("| ").Append(string.Join(" | ", row.Select(Escape))).Append(" |\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            // Names of a model must not become markup.
            escaped.Append(character switch
            {
                '\n' => "<br>",
                '|' or '*' or '_' or '`' or '\\' or '[' or ']' or '#' => $"\\{character}",
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                < ' ' => " ",
                _ => character.ToString(),
            });
        }

        return escaped.ToString();
    }
}
