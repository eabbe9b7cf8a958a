using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>How a convolution with lanes along output channels is cut: blocks of output positions, whose input is laid out once, and within them ranges of panels.</summary>
internal readonly struct ChannelConvolutionPlan
{
    /// <summary>The laid-out input of a block should stay in a core's second-level cache beside a panel of weights.</summary>
    private const long BlockBytes = 256 * 1024;

    /// <summary>Fewer positions would read all weights for too little work, even where the block then exceeds <see cref="BlockBytes"/>.</summary>
    private const long MinimumPositions = 64;

    private const long MaximumPositions = 768;

    /// <summary>Blocks are not made smaller than this for the sake of threads: four of the largest register tiles, for the time in which weights are fetched.</summary>
    private const long MinimumSharedPositions = 48;

    /// <summary>Positions of the largest register tile: a block of pixels is a multiple of it.</summary>
    private const int TilePositions = 12;

    /// <summary>Pieces for each thread to take, so that unequal blocks level out.</summary>
    private const int UnitsPerThread = 4;

    public readonly int Parts;
    public readonly int PanelsPerUnit;

    /// <summary>Whether positions are pixels of the input, which then needs no gathering.</summary>
    public readonly bool IsPointwise;

    /// <summary>Pixels of a block, or rows of the output.</summary>
    public readonly int BlockSize;

    /// <summary>Blocks of one image and group.</summary>
    public readonly int Blocks;

    /// <summary>Most positions of a block.</summary>
    public readonly int Positions;

    public ChannelConvolutionPlan(Workers workers, in ConvolutionShape shape)
    {
        int width = shape.Width.Output;
        IsPointwise = shape.Height is { IsPointwise: true, Output: 1 } && shape.Width.IsPointwise;
        long wanted = Math.Clamp(BlockBytes / sizeof(float) / ((long)ChannelBlocks.CountBlocks(shape.GroupInputs) * ChannelBlocks.Channels * shape.Taps), MinimumPositions, MaximumPositions);
        double multiplyAdds = (double)shape.Batch * shape.OutputChannels * shape.OutputPlane * shape.ReductionLength;
        int threads = Convolution.Parts(workers, multiplyAdds, long.MaxValue);
        wanted = ShareEvenly(shape, wanted, threads);
        if (IsPointwise)
        {
            Blocks = Divide(width, (int)Math.Min(wanted, width));
            BlockSize = Blocks == 1 ? width : Divide(Divide(width, Blocks), TilePositions) * TilePositions;
            Blocks = Divide(width, BlockSize);
            Positions = BlockSize;
        }
        else
        {
            int height = shape.Height.Output;
            Blocks = Divide(height, (int)Math.Clamp((wanted + width - 1) / width, 1, height));
            BlockSize = Divide(height, Blocks);
            Blocks = Divide(height, BlockSize);
            Positions = BlockSize * width;
        }

        long blocks = (long)shape.Batch * shape.Groups * Blocks;
        int panels = ChannelBlocks.CountPanels(shape.GroupOutputs);
        Parts = Convolution.Parts(workers, multiplyAdds, blocks * panels);

        // Splitting by panels too costs laying a block out more than once, so it is done only where blocks are too few.
        long pieces = Parts == 1 ? 1 : (((long)Parts * UnitsPerThread) + blocks - 1) / blocks;
        PanelsPerUnit = (int)Math.Max(1, (panels + pieces - 1) / pieces);
    }

    /// <summary>Positions of a block that give every thread as many blocks, where all threads reading the same weights costs less than laying blocks out more than once.</summary>
    private static long ShareEvenly(in ConvolutionShape shape, long positions, int threads)
    {
        long others = (long)shape.Batch * shape.Groups;
        long weightBytes = (long)shape.GroupOutputs * shape.ReductionLength * sizeof(float);
        if (threads == 1 || others % threads == 0 || weightBytes > BlockBytes)
        {
            return positions;
        }

        long plane = shape.OutputPlane;
        long blocks = (plane + positions - 1) / positions;
        long even = (blocks + threads - 1) / threads * threads;
        long shared = (plane + even - 1) / even;
        return shared >= MinimumSharedPositions ? Math.Min(positions, shared) : positions;
    }

    private static int Divide(int dividend, int divisor) => (dividend + divisor - 1) / divisor;
}
