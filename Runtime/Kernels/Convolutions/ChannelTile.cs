using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// The innermost product of convolutions whose lanes run along output channels: some positions times a strip of weights two vectors wide, all sums in registers.
/// The input's channels lie in blocks of 16, so that the distance between positions is part of the instruction. Each sum is one chain of multiply-adds in the order of
/// the channels, so that its bits do not depend on the tile it falls into.
/// </summary>
internal static unsafe class ChannelTile
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
        V s0a = V.Zero, s0b = V.Zero;
        V s1a = V.Zero, s1b = V.Zero;
        V s2a = V.Zero, s2b = V.Zero;
        V s3a = V.Zero, s3b = V.Zero;
        V s4a = V.Zero, s4b = V.Zero;
        V s5a = V.Zero, s5b = V.Zero;
        V s6a = V.Zero, s6b = V.Zero;
        V s7a = V.Zero, s7b = V.Zero;
        V s8a = V.Zero, s8b = V.Zero;
        V s9a = V.Zero, s9b = V.Zero;
        V s10a = V.Zero, s10b = V.Zero;
        V s11a = V.Zero, s11b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    s1b = V.MultiplyAdd(v, bb, s1b);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    s2b = V.MultiplyAdd(v, bb, s2b);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    s3b = V.MultiplyAdd(v, bb, s3b);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    s4b = V.MultiplyAdd(v, bb, s4b);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    s5b = V.MultiplyAdd(v, bb, s5b);
                    v = V.Broadcast(*(x + (6 * BlockChannels)));
                    s6a = V.MultiplyAdd(v, ba, s6a);
                    s6b = V.MultiplyAdd(v, bb, s6b);
                    v = V.Broadcast(*(x + (7 * BlockChannels)));
                    s7a = V.MultiplyAdd(v, ba, s7a);
                    s7b = V.MultiplyAdd(v, bb, s7b);
                    v = V.Broadcast(*(x + (8 * BlockChannels)));
                    s8a = V.MultiplyAdd(v, ba, s8a);
                    s8b = V.MultiplyAdd(v, bb, s8b);
                    v = V.Broadcast(*(x + (9 * BlockChannels)));
                    s9a = V.MultiplyAdd(v, ba, s9a);
                    s9b = V.MultiplyAdd(v, bb, s9b);
                    v = V.Broadcast(*(x + (10 * BlockChannels)));
                    s10a = V.MultiplyAdd(v, ba, s10a);
                    s10b = V.MultiplyAdd(v, bb, s10b);
                    v = V.Broadcast(*(x + (11 * BlockChannels)));
                    s11a = V.MultiplyAdd(v, ba, s11a);
                    s11b = V.MultiplyAdd(v, bb, s11b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s1b, sums + PanelChannels + V.Count);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s2b, sums + (2 * PanelChannels) + V.Count);
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s3b, sums + (3 * PanelChannels) + V.Count);
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s4b, sums + (4 * PanelChannels) + V.Count);
        V.Store(s5a, sums + (5 * PanelChannels));
        V.Store(s5b, sums + (5 * PanelChannels) + V.Count);
        V.Store(s6a, sums + (6 * PanelChannels));
        V.Store(s6b, sums + (6 * PanelChannels) + V.Count);
        V.Store(s7a, sums + (7 * PanelChannels));
        V.Store(s7b, sums + (7 * PanelChannels) + V.Count);
        V.Store(s8a, sums + (8 * PanelChannels));
        V.Store(s8b, sums + (8 * PanelChannels) + V.Count);
        V.Store(s9a, sums + (9 * PanelChannels));
        V.Store(s9b, sums + (9 * PanelChannels) + V.Count);
        V.Store(s10a, sums + (10 * PanelChannels));
        V.Store(s10b, sums + (10 * PanelChannels) + V.Count);
        V.Store(s11a, sums + (11 * PanelChannels));
        V.Store(s11b, sums + (11 * PanelChannels) + V.Count);
    }

    private static void Eight<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero, s0b = V.Zero;
        V s1a = V.Zero, s1b = V.Zero;
        V s2a = V.Zero, s2b = V.Zero;
        V s3a = V.Zero, s3b = V.Zero;
        V s4a = V.Zero, s4b = V.Zero;
        V s5a = V.Zero, s5b = V.Zero;
        V s6a = V.Zero, s6b = V.Zero;
        V s7a = V.Zero, s7b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    s1b = V.MultiplyAdd(v, bb, s1b);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    s2b = V.MultiplyAdd(v, bb, s2b);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    s3b = V.MultiplyAdd(v, bb, s3b);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    s4b = V.MultiplyAdd(v, bb, s4b);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    s5b = V.MultiplyAdd(v, bb, s5b);
                    v = V.Broadcast(*(x + (6 * BlockChannels)));
                    s6a = V.MultiplyAdd(v, ba, s6a);
                    s6b = V.MultiplyAdd(v, bb, s6b);
                    v = V.Broadcast(*(x + (7 * BlockChannels)));
                    s7a = V.MultiplyAdd(v, ba, s7a);
                    s7b = V.MultiplyAdd(v, bb, s7b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s1b, sums + PanelChannels + V.Count);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s2b, sums + (2 * PanelChannels) + V.Count);
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s3b, sums + (3 * PanelChannels) + V.Count);
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s4b, sums + (4 * PanelChannels) + V.Count);
        V.Store(s5a, sums + (5 * PanelChannels));
        V.Store(s5b, sums + (5 * PanelChannels) + V.Count);
        V.Store(s6a, sums + (6 * PanelChannels));
        V.Store(s6b, sums + (6 * PanelChannels) + V.Count);
        V.Store(s7a, sums + (7 * PanelChannels));
        V.Store(s7b, sums + (7 * PanelChannels) + V.Count);
    }

    private static void Six<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero, s0b = V.Zero;
        V s1a = V.Zero, s1b = V.Zero;
        V s2a = V.Zero, s2b = V.Zero;
        V s3a = V.Zero, s3b = V.Zero;
        V s4a = V.Zero, s4b = V.Zero;
        V s5a = V.Zero, s5b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    s1b = V.MultiplyAdd(v, bb, s1b);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    s2b = V.MultiplyAdd(v, bb, s2b);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    s3b = V.MultiplyAdd(v, bb, s3b);
                    v = V.Broadcast(*(x + (4 * BlockChannels)));
                    s4a = V.MultiplyAdd(v, ba, s4a);
                    s4b = V.MultiplyAdd(v, bb, s4b);
                    v = V.Broadcast(*(x + (5 * BlockChannels)));
                    s5a = V.MultiplyAdd(v, ba, s5a);
                    s5b = V.MultiplyAdd(v, bb, s5b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s1b, sums + PanelChannels + V.Count);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s2b, sums + (2 * PanelChannels) + V.Count);
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s3b, sums + (3 * PanelChannels) + V.Count);
        V.Store(s4a, sums + (4 * PanelChannels));
        V.Store(s4b, sums + (4 * PanelChannels) + V.Count);
        V.Store(s5a, sums + (5 * PanelChannels));
        V.Store(s5b, sums + (5 * PanelChannels) + V.Count);
    }

    private static void Four<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero, s0b = V.Zero;
        V s1a = V.Zero, s1b = V.Zero;
        V s2a = V.Zero, s2b = V.Zero;
        V s3a = V.Zero, s3b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    s1b = V.MultiplyAdd(v, bb, s1b);
                    v = V.Broadcast(*(x + (2 * BlockChannels)));
                    s2a = V.MultiplyAdd(v, ba, s2a);
                    s2b = V.MultiplyAdd(v, bb, s2b);
                    v = V.Broadcast(*(x + (3 * BlockChannels)));
                    s3a = V.MultiplyAdd(v, ba, s3a);
                    s3b = V.MultiplyAdd(v, bb, s3b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s1b, sums + PanelChannels + V.Count);
        V.Store(s2a, sums + (2 * PanelChannels));
        V.Store(s2b, sums + (2 * PanelChannels) + V.Count);
        V.Store(s3a, sums + (3 * PanelChannels));
        V.Store(s3b, sums + (3 * PanelChannels) + V.Count);
    }

    private static void Two<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero, s0b = V.Zero;
        V s1a = V.Zero, s1b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    v = V.Broadcast(*(x + BlockChannels));
                    s1a = V.MultiplyAdd(v, ba, s1a);
                    s1b = V.MultiplyAdd(v, bb, s1b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
        V.Store(s1a, sums + PanelChannels);
        V.Store(s1b, sums + PanelChannels + V.Count);
    }

    private static void One<V>(float* a, nint blockStep, int depth, int taps, float* b, float* sums, byte* next, nint nextStep)
        where V : struct, IVector<V>
    {
        V s0a = V.Zero, s0b = V.Zero;
        for (int left = depth * taps; left > 0; left -= depth)
        {
            for (int channels = depth; channels > 0; channels -= BlockChannels)
            {
                float* x = a;
                float* end = a + Math.Min(channels, BlockChannels);
                for (; x < end; x++)
                {
                    Prefetch.ToSecondLevel(next);
                    Prefetch.ToSecondLevel(next + Prefetch.LineBytes);
                    next += nextStep;
                    V ba = V.Load(b);
                    V bb = V.Load(b + V.Count);
                    V v = V.Broadcast(*x);
                    s0a = V.MultiplyAdd(v, ba, s0a);
                    s0b = V.MultiplyAdd(v, bb, s0b);
                    b += PanelChannels;
                }

                a += blockStep;
            }
        }

        V.Store(s0a, sums);
        V.Store(s0b, sums + V.Count);
    }
}
