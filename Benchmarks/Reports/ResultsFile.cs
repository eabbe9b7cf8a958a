using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cameo.Benchmarks.Reports;

/// <summary>The last measurement of each row, kept beside the report: a part of the rows can be measured again and the report written from all.</summary>
internal sealed record ResultsFile
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The machine, its limits and the versions, as lines of text.</summary>
    public string[] Conditions { get; init; } = [];

    public Measurement[] Rows { get; init; } = [];

    /// <summary>What could not be measured, and why.</summary>
    public string[] Failures { get; init; } = [];

    public static ResultsFile Read(string path) => File.Exists(path) ? JsonSerializer.Deserialize<ResultsFile>(File.ReadAllText(path), Format)! : new ResultsFile();

    /// <summary>Takes over new measurements: each stands where the row's last one stood.</summary>
    public ResultsFile With(IReadOnlyCollection<Measurement> measured)
    {
        Measurement? newer(Measurement row) => measured.FirstOrDefault(other => other.Name == row.Name && other.Threads == row.Threads);
        return this with
        {
            Rows = [.. Rows.Select(row => newer(row) ?? row), .. measured.Where(row => !Rows.Any(other => other.Name == row.Name && other.Threads == row.Threads))],
        };
    }

    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Format) + "\n");
}
