using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>As <see cref="ChannelTile"/> for a strip of one vector: the last 16 channels of a panel that has no more, where vectors have 16 lanes.</summary>
internal static unsafe class NarrowChannelTile
{
    private const int BlockChannels = ChannelBlocks.Channels;
    private const int PanelChannels = ChannelBlocks.PanelChannels;

    /// <summary>sums[position, lane] = Σ a[channel, position] · b[channel, lane].</summary>
    /// <param name="rows">Positions, from <see cref="ChannelBlocks.RowsFor"/>.</param>
    /// <param name="a">Blocks of 16 channels, each [position][16].</param>
    /// <param name="blockStep">Floats from one block of channels to the next.</param>
    /// <param name="depth">Channels to sum over; what the last block holds beyond them is not read.</param>
    /// <param name="taps">How often all that comes, one after another.</param>
    /// <param name="b">First lane of the strip in a panel of weights [channel][32].</param>
    /// <param name="sums">Results, positions 32 floats apart.</param>
    /// <param name="next">Memory to fetch into the second-level cache meanwhile.</param>
    /// <param name="nextStep">Bytes to go on in it with each channel; 0 fetches nothing new.</param>
    public static void Multiply<V>(int rows, float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        switch (rows)
        {
            case 12:
                Twelve<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
            case 8:
                Eight<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
            case 6:
                Six<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
            case 4:
                Four<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
            case 2:
                Two<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
            default:
                One<V>(a, blockStep, depth, taps, b, sums, next, nextStep);
                break;
        }
    }

    private static void Twelve<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        V s1a = V.Zero;
        V s2a = V.Zero;
        V s3a = V.Zero;
        V s4a = V.Zero;
        V s5a = V.Zero;
        V s6a = V.Zero;
        V s7a = V.Zero;
        V s8a = V.Zero;
        V s9a = V.Zero;
        V s10a = V.Zero;
        V s11a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    v = V.Broadcast(*(x + (6 * BlockChannels)));
                    s6a = V.MultiplyAdd(v, ba, s6a);
                    v = V.Broadcast(*(x + (7 * BlockChannels)));
                    s7a = V.MultiplyAdd(v, ba, s7a);
                    v = V.Broadcast(*(x + (8 * BlockChannels)));
                    s8a = V.MultiplyAdd(v, ba, s8a);
                    v = V.Broadcast(*(x + (9 * BlockChannels)));
                    s9a = V.MultiplyAdd(v, ba, s9a);
                    v = V.Broadcast(*(x + (10 * BlockChannels)));
                    s10a = V.MultiplyAdd(v, ba, s10a);
                    v = V.Broadcast(*(x + (11 * BlockChannels)));
                    s11a = V.MultiplyAdd(v, ba, s11a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s5a, sums + (5 * PanelChannels));
        V.Store(s6a, sums + (6 * PanelChannels));
        V.Store(s7a, sums + (7 * PanelChannels));
        V.Store(s8a, sums + (8 * PanelChannels));
        V.Store(s9a, sums + (9 * PanelChannels));
        V.Store(s10a, sums + (10 * PanelChannels));
        V.Store(s11a, sums + (11 * PanelChannels));
    }

    private static void Eight<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        V s1a = V.Zero;
        V s2a = V.Zero;
        V s3a = V.Zero;
        V s4a = V.Zero;
        V s5a = V.Zero;
        V s6a = V.Zero;
        V s7a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    v = V.Broadcast(*(x + (6 * BlockChannels)));
                    s6a = V.MultiplyAdd(v, ba, s6a);
                    v = V.Broadcast(*(x + (7 * BlockChannels)));
                    s7a = V.MultiplyAdd(v, ba, s7a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s5a, sums + (5 * PanelChannels));
        V.Store(s6a, sums + (6 * PanelChannels));
        V.Store(s7a, sums + (7 * PanelChannels));
    }

    private static void Six<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        V s1a = V.Zero;
        V s2a = V.Zero;
        V s3a = V.Zero;
        V s4a = V.Zero;
        V s5a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s5a, sums + (5 * PanelChannels));
    }

    private static void Four<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        V s1a = V.Zero;
        V s2a = V.Zero;
        V s3a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s3a, sums + (3 * PanelChannels));
    }

    private static void Two<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        V s1a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s1a, sums + PanelChannels);
    }

    private static void One<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    next += nextStep;
                    V ba = V.Load(b);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
    }
}
