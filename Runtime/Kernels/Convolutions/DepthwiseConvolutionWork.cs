using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A depthwise convolution. A unit of work is one tile of one channel of one image.</summary>
internal unsafe struct DepthwiseConvolutionWork<V, TEpilogue>(
    Workers workers,
    in ConvolutionShape shape,
    in ConvolutionGeometry geometry,
    int shuffledGroups,
    float* input,
    float* weights,
    float* output,
    TEpilogue epilogue) : IParallelWork
    where V : struct, IVector<V>
    where TEpilogue : struct, IChannelEpilogue
{
    private readonly ConvolutionShape _shape = shape;
    private readonly ConvolutionGeometry _geometry = geometry;

    /// <summary>
    /// Whether four rows are computed together. Rows shorter than half a pair of vectors waste more than that saves.
    /// </summary>
    private readonly bool _sharesRows = shape.Depth.Kernel == 1 && shape.Height is { Kernel: > 1, Stride: 1, Dilation: 1 } && geometry.Columns > V.Count;
    private TEpilogue _epilogue = epilogue;

    public readonly long Units => _geometry.TileCount(_shape);

    public void Run(int part, int parts)
    {
        long units = Units;
        long end = units * (part + 1) / parts;
        var scratch = new ConvolutionScratch(
            workers,
            part,
            _shape.Taps,
            0,
            _geometry.TileFloats(V.Count),
            _geometry.Positions + (ConvolutionMicrokernel.Columns * V.Count),
            ((nint)_geometry.Rows * _geometry.Columns) + V.Count);
        ConvolutionTaps.BuildForward(_shape, _geometry, scratch.Taps);
        for (long unit = units * part / parts; unit < end; unit++)
        {
            RunUnit(unit, scratch);
        }
    }

    private void RunUnit(long index, in ConvolutionScratch scratch)
    {
        var tile = new ConvolutionTile(_geometry, _shape, index);
        nint channel = tile.Group;
        nint plane = (tile.Image * _shape.OutputChannels) + channel;
        nint source = (tile.Image * _shape.InputChannels) + (channel % shuffledGroups * (_shape.InputChannels / shuffledGroups)) + (channel / shuffledGroups);
        int firstSlice = (tile.Slice * _shape.Depth.Stride) - _shape.Depth.PadBegin;
        tile.Pack<V>(_geometry, input + (source * _shape.InputPlane), _shape.Depth.Input, firstSlice, scratch.Tile);
        Convolve(tile, scratch, weights + (channel * _shape.Taps));

        nint pixel = (((nint)tile.Slice * _shape.Height.Output) + tile.FirstRow) * _shape.Width.Output + tile.FirstColumn;
        ConvolutionResults.Write<V, TEpilogue>(
            ref _epilogue,
            scratch.Results,
            _geometry.Pitch,
            scratch.Compact,
            tile.Rows,
            tile.Columns,
            channel,
            output,
            (plane * _shape.OutputPlane) + pixel,
            _shape.Width.Output);
    }

    private readonly void Convolve(in ConvolutionTile tile, in ConvolutionScratch scratch, float* channelWeights)
    {
        int row = 0;
        if (_sharesRows)
        {
            for (; row + DepthwiseMicrokernel.Rows <= tile.Rows; row += DepthwiseMicrokernel.Rows)
            {
                nint offset = (nint)row * _geometry.Pitch;
                DepthwiseMicrokernel.RunRows<V>(
                    scratch.Taps,
                    _shape.Height.Kernel,
                    _shape.Width.Kernel,
                    scratch.Tile + offset,
                    _geometry.Pitch,
                    channelWeights,
                    scratch.Results + offset,
                    tile.Columns);
            }
        }

        if (row < tile.Rows)
        {
            nint offset = (nint)row * _geometry.Pitch;
            int positions = tile.Positions(_geometry) - (int)offset;
            DepthwiseMicrokernel.Run<V>(
                scratch.Taps, _shape.Taps, scratch.Tile + offset, channelWeights, scratch.Results + offset, positions);
        }
    }
}
