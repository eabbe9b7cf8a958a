using System.Globalization;
using System.Security;
using System.Text;

namespace Cameo.Benchmarks.Reports;

/// <summary>A picture of horizontal bars, as SVG.</summary>
internal static class BarChart
{
    private const int Width = 860;
    private const int LabelWidth = 330;
    private const int BarHeight = 14;
    private const int GroupGap = 8;
    private const int Top = 58;
    private const int Bottom = 26;

    private static readonly string[] Colors = ["#2f6f9f", "#c9792b", "#5d8a3a"];

    /// <summary>Draws a chart.</summary>
    /// <param name="title">What the bars show.</param>
    /// <param name="series">Names of the bars in each group.</param>
    /// <param name="groups">Label and values of each group; null where there is no bar.</param>
    /// <param name="mark">A value at which a line is drawn.</param>
    /// <param name="format">How values are written.</param>
    public static string Draw(string title, string[] series, IReadOnlyList<(string Label, double?[] Values)> groups, double mark, Func<double, string> format)
    {
        int height = Top + Bottom + groups.Sum(static group => GroupHeight(group.Values));
        double largest = Math.Max(mark, groups.SelectMany(static group => group.Values).Max() ?? mark) * 1.02;
        double scale = (Width - LabelWidth - 70) / largest;
        var svg = new StringBuilder();
        svg.Append(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n"));
        svg.Append(Invariant($"<rect width=\"{Width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"));
        svg.Append(Invariant($"<text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\" fill=\"#222222\">{SecurityElement.Escape(title)}</text>\n"));
        for (int index = 0; index < series.Length; index++)
        {
            svg.Append(Invariant($"<rect x=\"{12 + (index * 190)}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{Colors[index]}\"/>"));
            svg.Append(Invariant($"<text x=\"{30 + (index * 190)}\" y=\"44\" fill=\"#444444\">{SecurityElement.Escape(series[index])}</text>\n"));
        }

        int y = Top;
        foreach ((string label, double?[] values) in groups)
        {
            int bars = values.Count(static value => value is not null);
            svg.Append(Invariant($"<text x=\"{LabelWidth - 8}\" y=\"{y + (bars * BarHeight / 2.0) + 4:F1}\" text-anchor=\"end\" fill=\"#222222\">{SecurityElement.Escape(label)}</text>\n"));
            for (int index = 0; index < values.Length; index++)
            {
                if (values[index] is { } value)
                {
                    svg.Append(Invariant($"<rect x=\"{LabelWidth}\" y=\"{y + 1}\" width=\"{value * scale:F1}\" height=\"{BarHeight - 2}\" fill=\"{Colors[index]}\"/>"));
                    svg.Append(Invariant($"<text x=\"{LabelWidth + (value * scale) + 5:F1}\" y=\"{y + 11}\" font-size=\"11\" fill=\"#444444\">{format(value)}</text>\n"));
                    y += BarHeight;
                }
            }

            y += GroupGap;
        }

        double line = LabelWidth + (mark * scale);
        svg.Append(Invariant($"<line x1=\"{line:F1}\" y1=\"{Top - 6}\" x2=\"{line:F1}\" y2=\"{y}\" stroke=\"#222222\" stroke-dasharray=\"4 3\"/>"));
        svg.Append(Invariant($"<text x=\"{line:F1}\" y=\"{y + 13}\" text-anchor=\"middle\" fill=\"#222222\">{format(mark)}</text>\n</svg>\n"));
        return svg.ToString();
    }

    private static int GroupHeight(double?[] values) => (values.Count(static value => value is not null) * BarHeight) + GroupGap;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
