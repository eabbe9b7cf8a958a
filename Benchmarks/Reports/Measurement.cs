using System.Text.Json.Serialization;

namespace Cameo.Benchmarks.Reports;

/// <summary>One row of the table: the same work done by several engines in turns.</summary>
internal sealed record Measurement
{
    /// <summary>The engine that all others are compared with.</summary>
    public const string Ours = "Cameo";

    /// <summary>Part of the report it belongs to.</summary>
    public required string Section { get; init; }

    /// <summary>What is measured; rows are chosen by it.</summary>
    public required string Name { get; init; }

    public required int Threads { get; init; }

    /// <summary>Unit of speed, such as "tok/s"; "ms" for a time, "MiB" for memory, whose bytes then stand where seconds stand elsewhere.</summary>
    public required string Unit { get; init; }

    /// <summary>Units of work in the measured time.</summary>
    public double Work { get; init; } = 1;

    public required EngineResult[] Engines { get; init; }

    /// <summary>What bounds the work on this machine, as the time it would take at that bound.</summary>
    public EngineResult? Limit { get; init; }

    public Goal? Goal { get; init; }

    /// <summary>Largest difference between our result and a peer's, as a share of the largest element.</summary>
    public double? Difference { get; init; }

    /// <summary>Rounds behind the medians.</summary>
    public int Rounds { get; init; }

    /// <summary>How many times as fast as the best peer, by medians; null where there is none.</summary>
    [JsonIgnore]
    public double? Ratio => BestPeer is { } peer ? peer.Median / Own.Median : null;

    /// <summary>Share of the limit, by medians.</summary>
    [JsonIgnore]
    public double? Share => Limit is { } limit ? limit.Median / Own.Median : null;

    [JsonIgnore]
    public EngineResult Own => Engines.Single(static engine => engine.Engine == Ours);

    [JsonIgnore]
    public EngineResult? BestPeer => Engines.Where(static engine => engine.Engine != Ours).MinBy(static engine => engine.Median);

    /// <summary>Whether the goal is reached, with the 3 % that are noise; null where there is none.</summary>
    [JsonIgnore]
    public bool? IsReached
    {
        get
        {
            const double noise = 0.97;
            if (Goal is null)
            {
                return null;
            }

            bool[] parts =
            [
                .. Goal.Ratio is { } ratio && RatioTo(Goal.Against) is { } reached ? [reached >= ratio * noise] : Array.Empty<bool>(),
                .. Goal.Share is { } share && Share is { } part ? [part >= share * noise] : Array.Empty<bool>(),
            ];
            bool isLeast = Goal.Least is not { } least || Share >= least * noise;
            return isLeast && (Goal.Either ? parts.Any(static met => met) : parts.All(static met => met));
        }
    }

    /// <summary>How many times as fast as a peer, or as the best one where none is named.</summary>
    public double? RatioTo(string? peer) => peer is null ? Ratio : Engines.FirstOrDefault(engine => engine.Engine == peer) is { } other ? other.Median / Own.Median : null;

    /// <summary>An engine's speed or time as text.</summary>
    public string Speed(double seconds) => Unit switch
    {
        "ms" => $"{Rounded(seconds / Work * 1e3)} ms",
        "MiB" => $"{seconds / (1 << 20):F0} MiB",
        _ => $"{Rounded(Work / seconds)} {Unit}",
    };

    private static string Rounded(double number) => number >= 100 ? $"{number:F0}" : number >= 10 ? $"{number:F1}" : number >= 1 ? $"{number:F2}" : $"{number:F3}";
}
