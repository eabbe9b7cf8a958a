using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A direct convolution. A unit of work is some panels of output channels of one tile of one group of one image.</summary>
internal unsafe struct DirectConvolutionWork<V, TProduct, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
    where TProduct : struct, IConvolutionProduct
    where TEpilogue : struct, IChannelEpilogue
{
    private readonly Workers _workers;
    private readonly ConvolutionShape _shape;
    private readonly ConvolutionGeometry _geometry;
    private readonly int _panelsPerUnit;
    private readonly int _panelUnits;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _output;
    private readonly nint _resultPitch;

    /// <summary>Whether lanes run along channels, because a tile has too few positions to fill a vector half.</summary>
    private readonly bool _fewPositions;
    private TEpilogue _epilogue;

    public DirectConvolutionWork(
        Workers workers,
        in ConvolutionShape shape,
        in ConvolutionGeometry geometry,
        int panelsPerUnit,
        float* input,
        float* weights,
        float* output,
        TEpilogue epilogue)
    {
        _workers = workers;
        _shape = shape;
        _geometry = geometry;
        _panelsPerUnit = panelsPerUnit;
        _panelUnits = (shape.GroupPanels + panelsPerUnit - 1) / panelsPerUnit;
        _input = input;
        _weights = weights;
        _output = output;
        _epilogue = epilogue;
        _fewPositions = TProduct.IsFloat && geometry.Rows * geometry.Columns * 2 <= V.Count && geometry.TilesHigh * geometry.TilesWide == 1;

        // One line more than needed, so that channels do not all start at the same place of a cache page.
        _resultPitch = ConvolutionScratch.Align(geometry.Positions) + V.Count;
    }

    public void Run(int part, int parts)
    {
        long units = _geometry.TileCount(_shape) * _panelUnits;
        long unit = units * part / parts;
        long end = units * (part + 1) / parts;
        nint gathered = _fewPositions ? _geometry.Rows * _geometry.Columns * _shape.ReductionLength : 0;
        int resultRows = _fewPositions ? Convolution.PanelChannels : ConvolutionMicrokernel.Rows<V>();
        var scratch = new ConvolutionScratch(
            _workers,
            part,
            _shape.Taps,
            0,
            _geometry.TileFloats(V.Count),
            resultRows * _resultPitch,
            Math.Max(gathered, ((nint)_geometry.Rows * _geometry.Columns) + V.Count));
        ConvolutionTaps.BuildForward(_shape, _geometry, scratch.Taps);
        long packed = -1;
        for (; unit < end; unit++)
        {
            long tile = unit / _panelUnits;
            RunUnit(tile, (int)(unit - (tile * _panelUnits)), tile != packed, scratch);
            packed = tile;
        }
    }

    private void RunUnit(long index, int panelUnit, bool pack, in ConvolutionScratch scratch)
    {
        var tile = new ConvolutionTile(_geometry, _shape, index);
        if (pack)
        {
            nint firstChannel = (tile.Image * _shape.InputChannels) + ((nint)tile.Group * _shape.GroupInputs);
            int firstSlice = (tile.Slice * _shape.Depth.Stride) - _shape.Depth.PadBegin;
            tile.Pack<V>(_geometry, _input + (firstChannel * _shape.InputPlane), _shape.Depth.Input, firstSlice, scratch.Tile);
        }

        nint pixel = (((nint)tile.Slice * _shape.Height.Output) + tile.FirstRow) * _shape.Width.Output + tile.FirstColumn;
        int lastPanel = Math.Min((panelUnit + 1) * _panelsPerUnit, _shape.GroupPanels);
        if (_fewPositions)
        {
            RunFewPositions(tile, pixel, panelUnit * _panelsPerUnit, lastPanel, pack, scratch);
            return;
        }

        for (int panel = panelUnit * _panelsPerUnit; panel < lastPanel; panel++)
        {
            RunPanel(tile, pixel, panel, scratch);
        }
    }

    private void RunPanel(in ConvolutionTile tile, nint pixel, int panel, in ConvolutionScratch scratch)
    {
        var block = new ConvolutionBlock(
            scratch.Taps,
            _shape.Taps,
            _shape.GroupInputs,
            _geometry.ChannelSize,
            (nint)_shape.Taps * Convolution.PanelChannels,
            _resultPitch);
        float* weights = PanelWeights(tile.Group, panel);
        int channels = Math.Min(Convolution.PanelChannels, _shape.GroupOutputs - (panel * Convolution.PanelChannels));
        int step = ConvolutionMicrokernel.Rows<V>();
        for (int lane = 0; lane < channels; lane += step)
        {
            int count = Math.Min(step, channels - lane);
            ConvolutionMicrokernel.Run<V, TProduct>(block, scratch.Tile, weights + lane, scratch.Results, tile.Positions(_geometry), count);
            int channel = (tile.Group * _shape.GroupOutputs) + (panel * Convolution.PanelChannels) + lane;
            for (int row = 0; row < count; row++)
            {
                Write(tile, channel + row, pixel, scratch.Results + (row * _resultPitch), _geometry.Pitch, scratch.Compact);
            }
        }
    }

    private void RunFewPositions(
        in ConvolutionTile tile, nint pixel, int firstPanel, int lastPanel, bool gather, in ConvolutionScratch scratch)
    {
        nint length = _shape.ReductionLength;
        int positions = tile.Rows * tile.Columns;
        for (int position = 0; gather && position < positions; position++)
        {
            float* source = scratch.Tile + ((nint)(position / tile.Columns) * _geometry.Pitch) + (position % tile.Columns);
            ChannelProduct.Gather(source, _geometry.ChannelSize, _shape.GroupInputs, scratch.Taps, _shape.Taps, scratch.Compact + (position * length));
        }

        for (int panel = firstPanel; panel < lastPanel; panel++)
        {
            float* weights = PanelWeights(tile.Group, panel);
            int channels = Math.Min(Convolution.PanelChannels, _shape.GroupOutputs - (panel * Convolution.PanelChannels));
            int channel = (tile.Group * _shape.GroupOutputs) + (panel * Convolution.PanelChannels);
            for (int position = 0; position < positions; position++)
            {
                ChannelProduct.Run<V>(scratch.Compact + (position * length), length, weights, scratch.Results + position, _resultPitch);
            }

            for (int row = 0; row < channels; row++)
            {
                Write(tile, channel + row, pixel, scratch.Results + (row * _resultPitch), tile.Columns, null);
            }
        }
    }

    private readonly float* PanelWeights(int group, int panel) =>
        _weights + ((((nint)group * _shape.GroupPanels) + panel) * _shape.ReductionLength * Convolution.PanelChannels);

    private void Write(in ConvolutionTile tile, nint channel, nint pixel, float* results, nint pitch, float* compact)
    {
        nint offset = (((tile.Image * _shape.OutputChannels) + channel) * _shape.OutputPlane) + pixel;
        ConvolutionResults.Write<V, TEpilogue>(
            ref _epilogue, results, pitch, compact, tile.Rows, tile.Columns, channel, _output, offset, _shape.Width.Output);
    }
}
