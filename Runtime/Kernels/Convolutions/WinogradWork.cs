using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A 3×3 convolution by Winograd's F(4×4, 3×3): for a block of tiles, transformed input [36][block of channels][tile][16], times weights [36][panel][channel][32], gives
/// products [36][panel][tile][32], which are transformed to results. Threads take blocks; where there are too few, they share each block's three steps.
/// </summary>
internal unsafe struct WinogradWork<V, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
    where TEpilogue : struct, IChannelEpilogue
{
    private const int Outputs = WinogradTransform.Outputs;
    private const int Points = WinogradTransform.Points;
    private const int Lanes = ChannelBlocks.Channels;

    private readonly Workers _workers;
    private readonly ConvolutionShape _shape;
    private readonly WinogradGeometry _geometry;
    private readonly int _channelBlocks;
    private readonly int _panels;
    private readonly float* _input;
    private readonly float* _weights;
    private readonly float* _output;
    private readonly float* _shared;
    private TEpilogue _epilogue;

    /// <summary>What the next run does.</summary>
    public WinogradPhase Phase;

    /// <summary>The block that all parts work on.</summary>
    public long Block;

    public WinogradWork(
        Workers workers, in ConvolutionShape shape, in WinogradGeometry geometry, float* input, float* weights, float* output, float* shared, TEpilogue epilogue)
    {
        _workers = workers;
        _shape = shape;
        _geometry = geometry;
        _channelBlocks = ChannelBlocks.CountBlocks(shape.GroupInputs);
        _panels = ChannelBlocks.CountPanels(shape.GroupOutputs);
        _input = input;
        _weights = weights;
        _output = output;
        _shared = shared;
        _epilogue = epilogue;
    }

    /// <summary>Floats of a block's transformed input and products.</summary>
    public readonly nint BlockFloats => InputFloats + ((nint)Points * _panels * _geometry.Tiles * ChannelBlocks.PanelChannels);

    /// <summary>Pieces of <see cref="WinogradPhase.Products"/>.</summary>
    public readonly int ProductCount => Points * _panels;

    /// <summary>Pieces of <see cref="WinogradPhase.Input"/>: rows of tiles of each block of channels.</summary>
    public readonly int InputCount => _channelBlocks * _geometry.Rows;

    /// <summary>Pieces of <see cref="WinogradPhase.Output"/>: rows of tiles of each block of channels.</summary>
    public readonly int OutputCount => ChannelBlocks.CountBlocks(_shape.GroupOutputs) * _geometry.Rows;

    private readonly nint InputFloats => (nint)Points * _channelBlocks * _geometry.Tiles * Lanes;

    public void Run(int part, int parts)
    {
        // A strip of pixels in blocks of channels (and what transposing writes beyond it), then vectors of a transform.
        nint stripColumns = (_geometry.Columns * Outputs) + Lanes;
        nint stripFloats = (WinogradTransform.Inputs * stripColumns * Lanes) + (Lanes * Lanes);
        nint transposedFloats = Lanes * ChannelRows.TransposedPitch(Outputs * stripColumns);
        nint columnFloats = Points * V.Count;
        nint own = _shared == null ? BlockFloats : 0;
        var scratch = (float*)_workers.Scratch(part, (nuint)(columnFloats + stripFloats + transposedFloats + own + Lanes) * sizeof(float));
        float* strip = scratch + Align(columnFloats);
        float* transposed = strip + Align(stripFloats);
        float* memory = own > 0 ? transposed + Align(transposedFloats) : _shared;
        if (Phase == WinogradPhase.Blocks)
        {
            long blocks = _geometry.BlockCount(_shape);
            for (long index = blocks * part / parts; index < blocks * (part + 1) / parts; index++)
            {
                var block = new WinogradBlock(_geometry, _shape, index);
                TransformInput(block, 0, InputCount, memory, strip, scratch);
                Multiply(block, 0, ProductCount, memory);
                TransformOutput(block, 0, OutputCount, memory, strip, transposed, scratch);
            }

            return;
        }

        var shared = new WinogradBlock(_geometry, _shape, Block);
        switch (Phase)
        {
            case WinogradPhase.Input:
                TransformInput(shared, First(InputCount, part, parts), First(InputCount, part + 1, parts), memory, strip, scratch);
                break;
            case WinogradPhase.Products:
                Multiply(shared, First(ProductCount, part, parts), First(ProductCount, part + 1, parts), memory);
                break;
            default:
                TransformOutput(shared, First(OutputCount, part, parts), First(OutputCount, part + 1, parts), memory, strip, transposed, scratch);
                break;
        }
    }

    private static int First(int count, int part, int parts) => (int)((long)count * part / parts);

    private static nint Align(nint floats) => (floats + Lanes - 1) / Lanes * Lanes;

    private readonly void TransformInput(in WinogradBlock block, int first, int end, float* transformed, float* strip, float* scratch)
    {
        nint plane = _shape.InputPlane;
        float* image = _input + (((block.Image * _shape.InputChannels) + ((nint)block.Group * _shape.GroupInputs)) * plane);
        float* inputEnd = _input + ((nint)_shape.Batch * _shape.InputChannels * plane);
        nint step = (nint)_channelBlocks * block.Tiles * Lanes;
        int width = (block.Columns * Outputs) + WinogradTransform.Inputs - Outputs;
        nint pitch = (nint)width * Lanes;
        for (int piece = first; piece < end;)
        {
            (int channels, int row) = Math.DivRem(piece, _geometry.Rows);
            int endRow = Math.Min(_geometry.Rows, row + end - piece);
            piece += endRow - row;
            float* source = image + ((nint)channels * Lanes * plane);
            float* destination = transformed + ((((nint)channels * block.Tiles) + ((nint)row * block.Columns)) * Lanes);
            int count = Math.Min(Lanes, _shape.GroupInputs - (channels * Lanes));
            int kept = 0;
            for (; row < Math.Min(endRow, block.Rows); row++)
            {
                // Tiles overlap: the last two rows of pixels are the first two of the next row of tiles.
                int y = ((block.FirstRow + row) * Outputs) - _shape.Height.PadBegin;
                ReadStrip(block, source, count, inputEnd, y, kept, strip, width);
                for (int column = 0; column < block.Columns; column++)
                {
                    for (int lane = 0; lane < count; lane += V.Count)
                    {
                        WinogradTransform.Input<V>(strip + ((nint)column * Outputs * Lanes) + lane, pitch, scratch, destination + lane, step);
                    }

                    destination += Lanes;
                }

                kept = WinogradTransform.Inputs - Outputs;
                new ReadOnlySpan<float>(strip + (Outputs * pitch), (int)(kept * pitch)).CopyTo(new Span<float>(strip, (int)(kept * pitch)));
            }
        }
    }

    /// <summary>Fills rows of a strip from number <paramref name="kept"/> on, with zeros where they lie in the padding.</summary>
    private readonly void ReadStrip(in WinogradBlock block, float* source, int channels, float* end, int y, int kept, float* strip, int width)
    {
        int x = (block.FirstColumn * Outputs) - _shape.Width.PadBegin;
        int leading = Math.Clamp(-x, 0, width);
        int count = Math.Clamp(_shape.Width.Input - x - leading, 0, width - leading);
        for (int row = kept; row < WinogradTransform.Inputs; row++)
        {
            float* destination = strip + ((nint)row * width * Lanes);
            if ((uint)(y + row) >= (uint)_shape.Height.Input || count == 0)
            {
                new Span<float>(destination, width * Lanes).Clear();
                continue;
            }

            new Span<float>(destination, leading * Lanes).Clear();
            float* pixels = source + ((nint)(y + row) * _shape.Width.Input) + x + leading;
            ChannelRows.Read<V>(pixels, _shape.InputPlane, channels, count, end, destination + ((nint)leading * Lanes));
            new Span<float>(destination + ((nint)(leading + count) * Lanes), (width - leading - count) * Lanes).Clear();
        }
    }

    private readonly void Multiply(in WinogradBlock block, int first, int last, float* memory)
    {
        int tiles = block.Tiles;
        nint blockStep = (nint)tiles * Lanes;
        nint panelFloats = (nint)_shape.GroupInputs * ChannelBlocks.PanelChannels;
        float* weights = _weights + ((nint)block.Group * ProductCount * panelFloats);
        float* products = memory + InputFloats;
        for (int index = first; index < last; index++)
        {
            (int point, int panel) = Math.DivRem(index, _panels);
            int channels = Math.Min(ChannelBlocks.PanelChannels, _shape.GroupOutputs - (panel * ChannelBlocks.PanelChannels));
            ChannelBlocks.Multiply<V>(
                memory + (point * _channelBlocks * blockStep),
                tiles,
                blockStep,
                _shape.GroupInputs,
                1,
                weights + (index * panelFloats),
                channels,
                products + ((nint)index * tiles * ChannelBlocks.PanelChannels));
        }
    }

    private void TransformOutput(in WinogradBlock block, int first, int last, float* memory, float* strip, float* transposed, float* scratch)
    {
        nint plane = _shape.OutputPlane;
        int outputWidth = _shape.Width.Output;
        int x = block.FirstColumn * Outputs;
        int width = Math.Min(block.Columns * Outputs, outputWidth - x);
        nint pitch = (nint)width * Lanes;
        nint step = (nint)_panels * block.Tiles * ChannelBlocks.PanelChannels;
        for (int piece = first; piece < last;)
        {
            (int half, int row) = Math.DivRem(piece, _geometry.Rows);
            int endRow = Math.Min(_geometry.Rows, row + last - piece);
            piece += endRow - row;
            nint firstTile = ((nint)(half / 2) * block.Tiles) + ((nint)row * block.Columns);
            float* products = memory + InputFloats + (firstTile * ChannelBlocks.PanelChannels) + (half % 2 * Lanes);
            int channels = Math.Min(Lanes, _shape.GroupOutputs - (half * Lanes));
            nint channel = ((nint)block.Group * _shape.GroupOutputs) + (half * Lanes);
            nint channelOffset = ((block.Image * _shape.OutputChannels) + channel) * plane;
            for (; row < Math.Min(endRow, block.Rows); row++)
            {
                int y = (block.FirstRow + row) * Outputs;
                int height = Math.Min(Outputs, _shape.Height.Output - y);
                for (int column = 0; column < block.Columns; column++)
                {
                    float* results = strip + ((nint)column * Outputs * Lanes);
                    for (int lane = 0; lane < channels; lane += V.Count)
                    {
                        WinogradTransform.Output<V>(products + lane, step, scratch, results + lane, pitch, height, Math.Min(Outputs, width - (column * Outputs)));
                    }

                    products += ChannelBlocks.PanelChannels;
                }

                nint offset = channelOffset + ((nint)y * outputWidth) + x;
                bool isWhole = width == outputWidth;
                for (int line = 0; line < (isWhole ? 1 : height); line++)
                {
                    ChannelRows.Write<V, TEpilogue>(
                        ref _epilogue, strip + (line * pitch), Lanes, isWhole ? height * width : width, channels, channel, transposed, _output, offset + ((nint)line * outputWidth), plane);
                }
            }
        }
    }
}
