using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Decides which of the runtime's algorithms computes a convolution.</summary>
internal static class ConvolutionChoice
{
    /// <summary>Fewer channels leave vectors unfilled or give a tile's transforms too few products to pay for them.</summary>
    private const long MinimumChannels = 16;

    /// <summary>Output pixels along an axis of a Winograd tile.</summary>
    private const long TileSize = 4;

    /// <summary>Multiply-adds of a Winograd tile for each pair of channels.</summary>
    private const long TilePoints = 36;

    /// <summary>
    /// Tiles below which the transformed weights, four times as large, take longer to read than the multiply-adds that they save: a core reads a float in the time of
    /// some eight multiply-adds.
    /// </summary>
    private const long MinimumTiles = 9;

    /// <summary>Whether a convolution is done by Winograd's F(4×4, 3×3), as <c>WinogradConvolution</c> in the runtime has it.</summary>
    /// <param name="axes">The spatial axes.</param>
    /// <param name="weights">Shape of the weights.</param>
    /// <param name="groups">Number of groups.</param>
    public static bool IsWinograd(IReadOnlyList<WindowAxis> axes, Shape weights, long groups)
    {
        bool isThreeByThree = axes.Count == 2 && axes.All(axis => axis is { Stride: 1, Dilation: 1 } && axis.Kernel.Value == 3);
        if (!isThreeByThree || weights[1].Value is not >= MinimumChannels || weights[0].Value is not { } outputs || outputs / groups < MinimumChannels)
        {
            return false;
        }

        if (axes[0].Output.Value is not { } height || axes[1].Output.Value is not { } width)
        {
            // Images of open sizes are large as a rule.
            return true;
        }

        long tiles = (height + TileSize - 1) / TileSize * ((width + TileSize - 1) / TileSize);
        return tiles >= MinimumTiles && height * width * 9 >= 2 * tiles * TilePoints;
    }
}
