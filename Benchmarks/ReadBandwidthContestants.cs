using Cameo.Threading;

namespace Cameo.Benchmarks;

/// <summary>The read bandwidth as contestants, one an order of reading; each turn goes on where the last one of any of them stopped.</summary>
internal static unsafe class ReadBandwidthContestants
{
    public static Contestant[] Of(Workers workers, int threads, NativeBuffer data, long bytes)
    {
        nint length = (nint)(bytes / sizeof(float)), position = 0;
        var read = new ReadBandwidth();
        Contestant make(ReadOrder order) => new(order.ToString(), _ =>
        {
            position = position + (2 * length) > data.Length ? 0 : position + length;
            read = new ReadBandwidth { Data = data.Pointer + position, Length = length, Order = order };
            workers.Run(ref read, threads);
        });
        return [.. Enum.GetValues<ReadOrder>().Select(make)];
    }
}
