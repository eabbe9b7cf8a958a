using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A depthwise convolution. A unit of work is one tile of one channel of one image.</summary>
internal unsafe struct DepthwiseConvolutionWork<V, TEpilogue>(
    Workers workers,
    in ConvolutionShape shape,
    in ConvolutionGeometry geometry,
    float* input,
    float* weights,
    float* output,
    TEpilogue epilogue) : IParallelWork
    where V : struct, IVector<V>
    where TEpilogue : struct, IChannelEpilogue
{
    private readonly ConvolutionShape _shape = shape;
    private readonly ConvolutionGeometry _geometry = geometry;
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
        int firstSlice = (tile.Slice * _shape.Depth.Stride) - _shape.Depth.PadBegin;
        tile.Pack<V>(_geometry, input + (plane * _shape.InputPlane), _shape.Depth.Input, firstSlice, scratch.Tile);
        DepthwiseMicrokernel.Run<V>(
            scratch.Taps, _shape.Taps, scratch.Tile, weights + (channel * _shape.Taps), scratch.Results, tile.Positions(_geometry));

        float* results = scratch.Results;
        if (_geometry.Pitch != tile.Columns && tile.Rows > 1)
        {
            ConvolutionResults.Compact<V>(results, _geometry.Pitch, scratch.Compact, tile.Rows, tile.Columns);
            results = scratch.Compact;
        }

        nint pixel = (((nint)tile.Slice * _shape.Height.Output) + tile.FirstRow) * _shape.Width.Output + tile.FirstColumn;
        ConvolutionResults.Write<V, TEpilogue>(
            ref _epilogue, results, tile.Rows, tile.Columns, channel, output, (plane * _shape.OutputPlane) + pixel, _shape.Width.Output);
    }
}
