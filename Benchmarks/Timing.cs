namespace Cameo.Benchmarks;

/// <summary>Seconds of one contestant's turns.</summary>
/// <param name="Median">Median over the rounds.</param>
/// <param name="Fastest">The fastest round: on a machine that others use too, the one that was disturbed least.</param>
internal readonly record struct Timing(double Median, double Fastest)
{
    /// <summary>Median and minimum of <paramref name="seconds"/>.</summary>
    public static Timing Of(double[] seconds)
    {
        double[] sorted = [.. seconds.Order()];
        return new((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0]);
    }

    /// <summary>How many times faster than <paramref name="other"/>, by medians and by the fastest rounds.</summary>
    public string Ratio(Timing other) => $"{other.Median / Median:F2}× / {other.Fastest / Fastest:F2}×";

    /// <summary>Share of a limit reached by <paramref name="limit"/>, by medians and by the fastest rounds.</summary>
    public string Share(Timing limit) => $"{limit.Median / Median:P0} / {limit.Fastest / Fastest:P0}";

    /// <summary>Work in a second, by medians and by the fastest rounds.</summary>
    public string Rate(double work) => $"{work / Median:F1} / {work / Fastest:F1}";
}
