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

    /// <summary>Tiles below which transformed weights, four times as large, take longer to read than the multiply-adds that they save, unless they stay in the cache.</summary>
    private const long MinimumTiles = 9;

    private const long MinimumTilesOfCachedWeights = 4;

    /// <summary>Pairs of channels whose transformed weights (9 MB) stay in a last-level cache from run to run.</summary>
    private const long CachedWeights = 64 * 1024;

    /// <summary>Products of one result from which lanes along channels are faster for images of any size: the results' transposition is then small beside them.</summary>
    private const long LongReduction = 192;

    /// <summary>The same for small images, which leave lanes along pixels unfilled.</summary>
    private const long ShortReduction = 64;

    private const long SmallImage = 14 * 14;

    /// <summary>Output channels that the widest vectors hold.</summary>
    private const long Lanes = 16;

    /// <summary>Reciprocal of the share of lanes that may stay empty where an image is not small.</summary>
    private const long EmptyShare = 5;

    /// <summary>Input of one row of results, laid out for all taps, that still fits a second-level cache.</summary>
    private const long MaximumRowFloats = 128 * 1024;

    /// <summary>The algorithm for a convolution with constant weights that is not depthwise.</summary>
    /// <param name="axes">The spatial axes.</param>
    /// <param name="weights">Shape of the weights.</param>
    /// <param name="groups">Number of groups.</param>
    public static ConvolutionAlgorithm Choose(IReadOnlyList<WindowAxis> axes, Shape weights, long groups)
    {
        if (axes.Count > 2 || !weights.IsStatic || weights[1].Constant < MinimumChannels)
        {
            return ConvolutionAlgorithm.Direct;
        }

        return IsWinograd(axes, weights, groups) ? ConvolutionAlgorithm.Winograd
            : IsByChannels(axes, weights, groups) ? ConvolutionAlgorithm.Channels
            : ConvolutionAlgorithm.Direct;
    }

    private static bool IsWinograd(IReadOnlyList<WindowAxis> axes, Shape weights, long groups)
    {
        long outputs = weights[0].Constant / groups;
        bool isThreeByThree = axes.Count == 2 && axes.All(axis => axis is { Stride: 1, Dilation: 1 } && axis.Kernel.Value == 3);
        if (!isThreeByThree || outputs < MinimumChannels)
        {
            return false;
        }

        if (axes[0].Output.Value is not { } height || axes[1].Output.Value is not { } width)
        {
            // Images of open sizes are large as a rule.
            return true;
        }

        long tiles = (height + TileSize - 1) / TileSize * ((width + TileSize - 1) / TileSize);
        long least = weights[1].Constant * outputs <= CachedWeights ? MinimumTilesOfCachedWeights : MinimumTiles;
        return tiles >= least && height * width * 9 >= 2 * tiles * TilePoints;
    }

    private static bool IsByChannels(IReadOnlyList<WindowAxis> axes, Shape weights, long groups)
    {
        long reduction = weights.Product(1, weights.Rank).Constant;
        long outputs = weights[0].Constant / groups;
        long empty = ((outputs + Lanes - 1) / Lanes * Lanes) - outputs;
        bool isFilled = empty * EmptyShare <= outputs;
        bool isPointwise = axes.All(axis => axis is { Stride: 1 } && axis.Kernel.Value == 1 && axis.Input == axis.Output);
        if (axes.Any(axis => axis.Output.Value is null))
        {
            return isPointwise && isFilled && reduction >= LongReduction;
        }

        long image = axes.Aggregate(1L, (product, axis) => product * axis.Output.Constant);
        bool fits = isPointwise || axes[axes.Count - 1].Output.Constant * reduction <= MaximumRowFloats;
        bool isSmall = image <= SmallImage && outputs >= MinimumChannels;
        return fits && (isSmall ? reduction >= ShortReduction : isFilled && reduction >= LongReduction);
    }
}
