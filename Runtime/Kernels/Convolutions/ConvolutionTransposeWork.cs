using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A transposed convolution. A unit of work is some panels of output channels of one tile of one group of one image.</summary>
internal unsafe struct ConvolutionTransposeWork<V, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
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
    private readonly int _depthOrigin;

    /// <summary>Phases of one output slice: residues of row and column modulo the stride.</summary>
    private readonly int _phases;
    private readonly nint _resultPitch;
    private readonly nint _phasePitch;
    private TEpilogue _epilogue;

    public ConvolutionTransposeWork(
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
        _depthOrigin = ConvolutionAxis.Transposed(shape.Depth).Origin;
        _phases = shape.Height.Stride * shape.Width.Stride;
        _resultPitch = ConvolutionScratch.Align(geometry.Positions) + V.Count;
        _phasePitch = _resultPitch * ConvolutionMicrokernel.Rows<V>();
    }

    public void Run(int part, int parts)
    {
        long units = _geometry.TileCount(_shape) * _panelUnits;
        long unit = units * part / parts;
        long end = units * (part + 1) / parts;
        int starts = (_phases * _shape.Depth.Stride) + 1;
        nint tileOutputs = (nint)_geometry.Rows * _geometry.Columns * _phases;
        var scratch = new ConvolutionScratch(
            _workers, part, _shape.Taps, starts, _geometry.TileFloats(V.Count), _phasePitch * _phases, tileOutputs + V.Count);
        ConvolutionTaps.BuildTransposed(_shape, _geometry, scratch.Taps, scratch.PhaseStarts);
        long packed = -1;
        for (; unit < end; unit++)
        {
            (long tile, long panelUnit) = Math.DivRem(unit, _panelUnits);
            RunUnit(tile, (int)panelUnit, tile != packed, scratch);
            packed = tile;
        }
    }

    private void RunUnit(long index, int panelUnit, bool pack, in ConvolutionScratch scratch)
    {
        var tile = new ConvolutionTile(_geometry, _shape, index);
        if (pack)
        {
            nint firstChannel = (tile.Image * _shape.InputChannels) + ((nint)tile.Group * _shape.GroupInputs);
            int firstSlice = (tile.Slice / _shape.Depth.Stride) + _depthOrigin;
            tile.Pack<V>(_geometry, _input + (firstChannel * _shape.InputPlane), _shape.Depth.Input, firstSlice, scratch.Tile);
        }

        int lastPanel = Math.Min((panelUnit + 1) * _panelsPerUnit, _shape.GroupPanels);
        for (int panel = panelUnit * _panelsPerUnit; panel < lastPanel; panel++)
        {
            int channels = Math.Min(Convolution.PanelChannels, _shape.GroupOutputs - (panel * Convolution.PanelChannels));
            int step = ConvolutionMicrokernel.Rows<V>();
            for (int lane = 0; lane < channels; lane += step)
            {
                RunChannels(tile, panel, lane, Math.Min(step, channels - lane), scratch);
            }
        }
    }

    /// <summary>Computes all phases of a few channels, then interleaves them.</summary>
    private void RunChannels(in ConvolutionTile tile, int panel, int lane, int channels, in ConvolutionScratch scratch)
    {
        nint panelIndex = ((nint)tile.Group * _shape.GroupPanels) + panel;
        float* weights = _weights + (panelIndex * _shape.ReductionLength * Convolution.PanelChannels) + lane;
        int* starts = scratch.PhaseStarts + (tile.Slice % _shape.Depth.Stride * _phases);
        for (int phase = 0; phase < _phases; phase++)
        {
            var block = new ConvolutionBlock(
                scratch.Taps + starts[phase],
                starts[phase + 1] - starts[phase],
                _shape.GroupInputs,
                _geometry.ChannelSize,
                (nint)_shape.Taps * Convolution.PanelChannels,
                _resultPitch);
            float* results = scratch.Results + (phase * _phasePitch);
            ConvolutionMicrokernel.Run<V, FloatProduct>(block, scratch.Tile, weights, results, tile.Positions(_geometry), channels);
        }

        int firstY = tile.FirstRow * _shape.Height.Stride;
        int firstX = tile.FirstColumn * _shape.Width.Stride;
        int rows = Math.Min(tile.Rows * _shape.Height.Stride, _shape.Height.Output - firstY);
        int columns = Math.Min(tile.Columns * _shape.Width.Stride, _shape.Width.Output - firstX);
        nint pixel = ((((nint)tile.Slice * _shape.Height.Output) + firstY) * _shape.Width.Output) + firstX;
        nint firstChannel = ((nint)tile.Group * _shape.GroupOutputs) + (panel * Convolution.PanelChannels) + lane;
        for (int row = 0; row < channels; row++)
        {
            nint channel = firstChannel + row;
            nint offset = (((tile.Image * _shape.OutputChannels) + channel) * _shape.OutputPlane) + pixel;
            Interleave(scratch.Results + (row * _resultPitch), scratch.Compact, rows, columns);
            ConvolutionResults.Write<V, TEpilogue>(
                ref _epilogue, scratch.Compact, columns, null, rows, columns, channel, _output, offset, _shape.Width.Output);
        }
    }

    private readonly void Interleave(float* results, float* destination, int rows, int columns)
    {
        int strideWide = _shape.Width.Stride;
        for (int row = 0; row < rows; row++)
        {
            (int position, int phaseHigh) = Math.DivRem(row, _shape.Height.Stride);
            for (int phaseWide = 0; phaseWide < strideWide; phaseWide++)
            {
                float* source = results + (((phaseHigh * strideWide) + phaseWide) * _phasePitch) + ((nint)position * _geometry.Pitch);
                for (int column = phaseWide; column < columns; column += strideWide)
                {
                    destination[column] = *source++;
                }
            }

            destination += columns;
        }
    }
}
