using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// The layouts of kernels whose lanes run along output channels: input in blocks of 16 channels, [tap][block][position][16]; weights and sums in panels of 32 channels,
/// [panel][tap][input channel][32] and [position][32]. The same for all vector widths.
/// </summary>
internal static unsafe class ChannelBlocks
{
    /// <summary>Input channels of a block.</summary>
    public const int Channels = 16;

    /// <summary>Output channels of a panel.</summary>
    public const int PanelChannels = 32;

    public static int CountBlocks(int channels) => (channels + Channels - 1) / Channels;

    public static int CountPanels(int channels) => (channels + PanelChannels - 1) / PanelChannels;

    /// <summary>
    /// Positions of the largest tile: sums of positions × 2 vectors, two vectors of weights and one input must fit the registers, 32 of them with AVX-512 and else 16.
    /// </summary>
    public static int LargestRows<V>()
        where V : struct, IVector<V> => V.Count == 16 ? 12 : 6;

    /// <summary>Positions of the next tile when this many are left.</summary>
    public static int RowsFor<V>(int left)
        where V : struct, IVector<V>
    {
        int largest = LargestRows<V>();
        return left >= largest ? largest
            : left >= 8 ? 8
            : left >= 6 ? 6
            : left >= 4 ? 4
            : left >= 2 ? 2
            : 1;
    }

    /// <summary>Multiplies positions with one panel of weights.</summary>
    /// <param name="a">Input, [block][position][16].</param>
    /// <param name="positions">Positions.</param>
    /// <param name="blockStep">Floats from one block of input channels to the next.</param>
    /// <param name="depth">Input channels.</param>
    /// <param name="taps">How often the input channels come, one after another: taps of a kernel.</param>
    /// <param name="panel">Weights, [tap][input channel][32]; those of the next panel are asked for meanwhile.</param>
    /// <param name="channels">Output channels of the panel that are wanted, 1 to 32.</param>
    /// <param name="sums">Receives [position][32]; of lanes beyond <paramref name="channels"/>, those that share a strip are written.</param>
    public static void Multiply<V>(float* a, int positions, nint blockStep, int depth, int taps, float* panel, int channels, float* sums)
        where V : struct, IVector<V>
    {
        int strip = 2 * V.Count;
        var next = (byte*)(panel + ((nint)depth * taps * PanelChannels));
        for (int lane = 0; lane < channels; lane += strip)
        {
            bool isNarrow = V.Count == Channels && channels - lane <= V.Count;
            nint nextStep = lane == 0 ? 2 * Prefetch.LineBytes : 0;
            int rows;
            for (int position = 0; position < positions; position += rows)
            {
                rows = RowsFor<V>(positions - position);
                float* x = a + ((nint)position * Channels);
                float* y = sums + ((nint)position * PanelChannels) + lane;
                if (isNarrow)
                {
                    NarrowChannelTile.Multiply<V>(rows, x, blockStep, depth, taps, panel + lane, y, next, nextStep);
                }
                else
                {
                    ChannelTile.Multiply<V>(rows, x, blockStep, depth, taps, panel + lane, y, next, nextStep);
                }

                nextStep = 0;
            }
        }
    }
}
