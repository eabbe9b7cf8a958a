namespace Cameo.Benchmarks;

/// <summary>Orders in which <see cref="ReadBandwidth"/> reads.</summary>
internal enum ReadOrder
{
    /// <summary>From the first to the last.</summary>
    Sequential,

    /// <summary>From the first to the last, asking for the line one page ahead.</summary>
    Fetching,

    /// <summary>Four quarters at a time.</summary>
    FourStreams,
}
