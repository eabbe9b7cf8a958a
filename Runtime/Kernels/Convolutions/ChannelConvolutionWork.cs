using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A convolution whose lanes run along output channels. A unit of work is some panels of output channels of one block of positions: its input is laid out as
/// [tap][block of channels][position][16] and multiplied with each panel.
/// </summary>
internal unsafe struct ChannelConvolutionWork<V, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
    where TEpilogue : struct, IChannelEpilogue
{
    private const int Lanes = ChannelBlocks.Channels;
    private const int PanelChannels = ChannelBlocks.PanelChannels;

    private readonly Workers _workers;
    private readonly ConvolutionShape _shape;
    private readonly ChannelConvolutionPlan _plan;
    private readonly int _channelBlocks;
    private readonly int _panels;
    private readonly int _panelUnits;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _output;
    private TEpilogue _epilogue;

    public ChannelConvolutionWork(
        Workers workers, in ConvolutionShape shape, in ChannelConvolutionPlan plan, float* input, float* weights, float* output, TEpilogue epilogue)
    {
        _workers = workers;
        _shape = shape;
        _plan = plan;
        _channelBlocks = ChannelBlocks.CountBlocks(shape.GroupInputs);
        _panels = ChannelBlocks.CountPanels(shape.GroupOutputs);
        _panelUnits = (_panels + plan.PanelsPerUnit - 1) / plan.PanelsPerUnit;
        _input = input;
        _weights = weights;
        _output = output;
        _epilogue = epilogue;
    }

    public void Run(int part, int parts)
    {
        // Transposing reads and writes up to 15 positions beyond the last.
        nint positions = _plan.Positions + Lanes;
        nint operandFloats = ((nint)_shape.Taps * _channelBlocks * _plan.Positions * Lanes) + (Lanes * Lanes);
        nint sumFloats = positions * PanelChannels;
        nint transposedFloats = Lanes * ChannelRows.TransposedPitch(positions);
        nint stripFloats = _plan.IsPointwise ? 0 : ((nint)StripRows * StripColumns * Lanes) + (Lanes * Lanes);
        var operand = (float*)_workers.Scratch(part, (nuint)(operandFloats + sumFloats + transposedFloats + stripFloats) * sizeof(float));
        float* sums = operand + operandFloats;
        float* transposed = sums + sumFloats;
        float* strip = transposed + transposedFloats;

        long units = (long)_shape.Batch * _shape.Groups * _plan.Blocks * _panelUnits;
        long end = units * (part + 1) / parts;
        long laidOut = -1;
        for (long unit = units * part / parts; unit < end; unit++)
        {
            (long index, long panelUnit) = Math.DivRem(unit, _panelUnits);
            (long plane, long block) = Math.DivRem(index, _plan.Blocks);
            (long image, long group) = Math.DivRem(plane, _shape.Groups);
            int first = (int)block * _plan.BlockSize;
            int size = Math.Min(_plan.BlockSize, (_plan.IsPointwise ? _shape.Width.Output : _shape.Height.Output) - first);
            if (index != laidOut)
            {
                float* source = _input + (((nint)image * _shape.InputChannels) + ((nint)group * _shape.GroupInputs)) * _shape.InputPlane;
                LayOut(source, first, size, operand, strip);
                laidOut = index;
            }

            int lastPanel = Math.Min(((int)panelUnit + 1) * _plan.PanelsPerUnit, _panels);
            for (int panel = (int)panelUnit * _plan.PanelsPerUnit; panel < lastPanel; panel++)
            {
                RunPanel((nint)image, (int)group, panel, first, size, operand, sums, transposed);
            }
        }
    }

    /// <summary>Input rows that a full block reads.</summary>
    private readonly int StripRows => ((_plan.BlockSize - 1) * _shape.Height.Stride) + ((_shape.Height.Kernel - 1) * _shape.Height.Dilation) + 1;

    /// <summary>Input columns that a row of the output reads.</summary>
    private readonly int StripColumns => ((_shape.Width.Output - 1) * _shape.Width.Stride) + ((_shape.Width.Kernel - 1) * _shape.Width.Dilation) + 1;

    private void RunPanel(nint image, int group, int panel, int first, int size, float* operand, float* sums, float* transposed)
    {
        int width = _plan.IsPointwise ? 1 : _shape.Width.Output;
        int positions = size * width;
        int channels = Math.Min(PanelChannels, _shape.GroupOutputs - (panel * PanelChannels));
        float* weights = _weights + ((((nint)group * _panels) + panel) * _shape.ReductionLength * PanelChannels);
        ChannelBlocks.Multiply<V>(operand, positions, (nint)positions * Lanes, _shape.GroupInputs, _shape.Taps, weights, channels, sums);
        nint channel = ((nint)group * _shape.GroupOutputs) + (panel * PanelChannels);
        nint offset = (((image * _shape.OutputChannels) + channel) * _shape.OutputPlane) + ((nint)first * width);
        for (int lane = 0; lane < channels; lane += Lanes)
        {
            ChannelRows.Write<V, TEpilogue>(
                ref _epilogue, sums + lane, PanelChannels, positions, Math.Min(Lanes, channels - lane), channel + lane, transposed, _output, offset + (lane * _shape.OutputPlane), _shape.OutputPlane);
        }
    }

    private readonly void LayOut(float* source, int first, int size, float* operand, float* strip)
    {
        nint plane = _shape.InputPlane;
        float* end = _input + ((nint)_shape.Batch * _shape.InputChannels * plane);
        for (int block = 0; block < _channelBlocks; block++)
        {
            int channels = Math.Min(Lanes, _shape.GroupInputs - (block * Lanes));
            if (_plan.IsPointwise)
            {
                ChannelRows.Read<V>(source + first, plane, channels, size, end, operand + ((nint)block * size * Lanes));
            }
            else
            {
                ReadStrip(source, channels, end, first, size, strip);
                Gather(strip, size, channels, operand + ((nint)block * size * _shape.Width.Output * Lanes));
            }

            source += Lanes * plane;
        }
    }

    /// <summary>Input rows of one block of channels with zeros where they lie in the padding: [row][column][16].</summary>
    private readonly void ReadStrip(float* source, int channels, float* end, int first, int size, float* strip)
    {
        int columns = StripColumns;
        int rows = StripRows - ((_plan.BlockSize - size) * _shape.Height.Stride);
        int y = (first * _shape.Height.Stride) - _shape.Height.PadBegin;
        int leading = Math.Min(_shape.Width.PadBegin, columns);
        int count = Math.Clamp(_shape.Width.Input, 0, columns - leading);
        for (int row = 0; row < rows; row++, y++)
        {
            float* destination = strip + ((nint)row * columns * Lanes);
            if ((uint)y >= (uint)_shape.Height.Input || count == 0)
            {
                new Span<float>(destination, columns * Lanes).Clear();
                continue;
            }

            new Span<float>(destination, leading * Lanes).Clear();
            ChannelRows.Read<V>(source + ((nint)y * _shape.Width.Input), _shape.InputPlane, channels, count, end, destination + ((nint)leading * Lanes));
            new Span<float>(destination + ((nint)(leading + count) * Lanes), (columns - leading - count) * Lanes).Clear();
        }
    }

    /// <summary>What each tap reads at each position, for one block of channels.</summary>
    private readonly void Gather(float* strip, int rows, int channels, float* operand)
    {
        nint pitch = (nint)StripColumns * Lanes;
        nint columnStep = (nint)_shape.Width.Stride * Lanes;
        nint tapStep = (nint)_channelBlocks * rows * _shape.Width.Output * Lanes;
        for (int tapHigh = 0; tapHigh < _shape.Height.Kernel; tapHigh++)
        {
            for (int tapWide = 0; tapWide < _shape.Width.Kernel; tapWide++)
            {
                float* source = strip + (tapHigh * _shape.Height.Dilation * pitch) + ((nint)tapWide * _shape.Width.Dilation * Lanes);
                float* destination = operand;
                for (int row = 0; row < rows; row++)
                {
                    float* pixel = source;
                    for (int column = 0; column < _shape.Width.Output; column++)
                    {
                        for (int lane = 0; lane < channels; lane += V.Count)
                        {
                            V.Store(V.Load(pixel + lane), destination + lane);
                        }

                        pixel += columnStep;
                        destination += Lanes;
                    }

                    source += _shape.Height.Stride * pitch;
                }

                operand += tapStep;
            }
        }
    }
}
