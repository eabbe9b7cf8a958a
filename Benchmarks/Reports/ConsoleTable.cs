namespace Cameo.Benchmarks.Reports;

/// <summary>Rows of the table as they are measured, in Markdown.</summary>
internal static class ConsoleTable
{
    public static string Header { get; } =
        """
        | work | threads | Cameo | ONNX Runtime | llama.cpp | Cameo / best peer | share of limit | goal |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
        """;

    public static string Row(Measurement row) =>
        $"| {row.Name} | {row.Threads} | {row.Speed(row.Own.Median)} | {Peer(row, "ONNX Runtime")} | {Peer(row, "llama.cpp")} | {Ratio(row)} | {Share(row)} | {GoalText(row)} |";

    /// <summary>Geometric means of a section's ratios to the best peer, a line for each number of threads; empty for few rows.</summary>
    public static string Means(IEnumerable<Measurement> rows)
    {
        const int few = 4;
        string[] lines =
        [
            .. rows.Where(static row => row.Ratio is not null && row.Unit == "ms" && row.Goal is not null).GroupBy(static row => row.Threads).Where(static group => group.Count() >= few)
                .Select(static group => $"{group.Key} thread{(group.Key > 1 ? "s" : "")}: geometric mean {Math.Exp(group.Average(static row => Math.Log(row.Ratio!.Value))):F2}×, smallest {group.Min(static row => row.Ratio):F2}×, {group.Count()} models."),
        ];
        return lines.Length > 0 ? $"\n{string.Join("\n", lines)}\n" : "";
    }

    public static string Ratio(Measurement row) => row.Ratio is { } ratio ? $"{ratio:F2}×" : "";

    public static string Share(Measurement row) => row.Share is { } share ? $"{share:P0}" : "";

    public static string GoalText(Measurement row)
    {
        if (row.Goal is not { } goal)
        {
            return "";
        }

        string ratio = goal.Ratio is { } factor ? $"≥ {factor:0.##}×{(goal.Against is null ? "" : $" {goal.Against}")}" : "", share = goal.Share is { } part ? $"≥ {part:P0}" : "";
        string text = ratio.Length > 0 && share.Length > 0 ? $"{ratio} {(goal.Either ? "or" : "and")} {share}" : ratio + share;
        text += goal.Least is { } least ? $", at least {least:P0}" : "";
        return $"{(row.IsReached == true ? "✓" : "✗")} {text}";
    }

    private static string Peer(Measurement row, string engine) =>
        row.Engines.FirstOrDefault(result => result.Engine == engine) is { } peer ? row.Speed(peer.Median) : "";
}
