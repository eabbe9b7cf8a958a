using Cameo.Threading;

namespace Cameo.Benchmarks.Suite;

/// <summary>The machine's limits as contestants, so that they are measured in the same rounds as the work they bound.</summary>
internal sealed class MachineLimits : IDisposable
{
    // Several times the last cache of any processor at hand.
    private const long BandwidthBytes = 640L << 20;
    private const long TurnBytes = 128L << 20;
    private const int PeakSteps = 400_000;

    private NativeBuffer? _data;

    /// <summary>Multiply-adds of a kind, independent of each other, in registers; the limit is the time that those of the work would take.</summary>
    public static Limit MultiplyAdds(Workers workers, int threads, MultiplyAddKind kind, double multiplyAdds)
    {
        var peak = new NarrowMultiplyAddPeak { Kind = kind, Steps = PeakSteps };
        double scale = multiplyAdds / (peak.MultiplyAdds * threads);
        return new Limit([new("peak", _ => workers.Run(ref peak, threads))], scale);
    }

    /// <summary>Reading memory, in the fastest of several orders; the limit is the time that the bytes of the work would take.</summary>
    public Limit Reading(Workers workers, int threads, double bytes)
    {
        _data ??= new NativeBuffer((nint)(BandwidthBytes / sizeof(float))).Fill(1);
        return Reading(workers, threads, _data, bytes);
    }

    /// <summary>Reading the work's own memory, where it is more than the caches.</summary>
    public static Limit Reading(Workers workers, int threads, NativeBuffer data, double bytes) =>
        new(ReadBandwidthContestants.Of(workers, threads, data, TurnBytes), bytes / TurnBytes);

    public void Dispose() => _data?.Dispose();

    /// <summary>What bounds a piece of work.</summary>
    /// <param name="Contestants">Ways to reach the bound, of which the fastest counts.</param>
    /// <param name="Scale">Time of the work at the bound as a multiple of a contestant's turn.</param>
    internal sealed record Limit(Contestant[] Contestants, double Scale);
}
