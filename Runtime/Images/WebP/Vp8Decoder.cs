namespace Cameo.Images.WebP;

/// <summary>A VP8 key frame: RFC 6386. Blocks are 16 × 16 pixels of luma and 8 × 8 of each chroma.</summary>
internal sealed class Vp8Decoder
{
    // The kinds of parts that have probabilities of their own.
    private const int LumaWithoutConstant = 0, Constants = 1, Chroma = 2, LumaWithConstant = 3;
    private const int Parts = -1;

    private readonly int _across;
    private readonly int _down;
    private readonly Vp8Header _header;
    private readonly BoolDecoder _modes;
    private readonly BoolDecoder[] _partitions;
    private readonly Vp8Plane[] _planes;

    // Modes of parts above and to the left, and whether parts there have coefficients: 4 of luma, 2 and 2 of chroma, and the constants'.
    private readonly byte[] _modesAbove;
    private readonly byte[] _modesLeft = new byte[4];
    private readonly byte[] _presentAbove;
    private readonly byte[] _presentLeft = new byte[9];
    private readonly byte[] _partModes = new byte[16];
    private readonly int[] _coefficients = new int[25 * 16];
    private readonly (byte Level, bool HasParts)[] _filters;

    private Vp8Decoder(byte[] data, int offset, int length, int width, int height)
    {
        int tag = data[offset] | (data[offset + 1] << 8) | (data[offset + 2] << 16), first = tag >> 5, place = offset + 10;
        (_across, _down) = ((width + 15) / 16, (height + 15) / 16);
        Require(first <= length - 10);
        _modes = new BoolDecoder(data, place, first);
        _header = new Vp8Header(_modes);
        place += first;
        int sizes = place;
        place += 3 * (_header.Partitions - 1);
        Require(place <= offset + length);
        _partitions = new BoolDecoder[_header.Partitions];
        for (int index = 0; index < _partitions.Length; index++, sizes += 3)
        {
            int size = index == _partitions.Length - 1 ? offset + length - place : data[sizes] | (data[sizes + 1] << 8) | (data[sizes + 2] << 16);
            Require(size <= offset + length - place);
            _partitions[index] = new BoolDecoder(data, place, size);
            place += size;
        }

        _planes = [new Vp8Plane(_across * 16, _down * 16), new Vp8Plane(_across * 8, _down * 8), new Vp8Plane(_across * 8, _down * 8)];
        _modesAbove = new byte[_across * 4];
        _presentAbove = new byte[_across * 9];
        _filters = new (byte, bool)[_across * _down];
    }

    /// <summary>Sizes of a frame.</summary>
    public static (int Height, int Width) Measure(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 10 || (frame[0] & 1) != 0 || frame[3] != 0x9D || frame[4] != 0x01 || frame[5] != 0x2A)
        {
            throw new InvalidImageException("the WebP file does not begin with a VP8 key frame.");
        }

        return ((frame[8] | (frame[9] << 8)) & 0x3FFF, (frame[6] | (frame[7] << 8)) & 0x3FFF);
    }

    public static RasterImage Decode(byte[] data, int offset, int length, int width, int height)
    {
        var decoder = new Vp8Decoder(data, offset, length, width, height);
        decoder.Run();
        return Vp8Colors.Convert(decoder._planes, width, height);
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidImageException("parts of the VP8 frame lie beyond its end.");
        }
    }

    private void Run()
    {
        for (int row = 0; row < _down; row++)
        {
            Array.Clear(_modesLeft);
            Array.Clear(_presentLeft);
            for (int column = 0; column < _across; column++)
            {
                DecodeBlock(row, column);
            }
        }

        if (_header.FilterLevel == 0)
        {
            return;
        }

        // Predictions read samples as they are before the filter, so it comes last.
        var filter = new Vp8Filter(_header);
        for (int block = 0; block < _filters.Length; block++)
        {
            (byte level, bool hasParts) = _filters[block];
            for (int plane = 0; plane < (_header.IsSimpleFilter ? 1 : 3) && level > 0; plane++)
            {
                int size = plane == 0 ? 16 : 8;
                filter.Run(_planes[plane], block / _across * size, block % _across * size, size, level, hasParts);
            }
        }
    }

    private void DecodeBlock(int row, int column)
    {
        byte[] segments = _header.SegmentProbabilities;
        int segment = !_header.HasSegmentMap ? 0 : _modes.Bit(segments[0]) == 0 ? _modes.Bit(segments[1]) : 2 + _modes.Bit(segments[2]);
        bool isEmpty = _header.SkipProbability is { } probability && _modes.Bit(probability) != 0;
        int mode = ReadModes(column);
        int chroma = _modes.Bit(142) == 0 ? Vp8Prediction.Average : _modes.Bit(114) == 0 ? Vp8Prediction.Vertical : _modes.Bit(183) == 0 ? Vp8Prediction.Horizontal : Vp8Prediction.Gradient;
        Array.Clear(_coefficients);
        Span<byte> above = _presentAbove.AsSpan(column * 9, 9);
        bool hasCoefficients = false;
        if (isEmpty)
        {
            above[..8].Clear();
            _presentLeft.AsSpan(0, 8).Clear();
            if (mode != Parts)
            {
                (above[8], _presentLeft[8]) = (0, 0);
            }
        }
        else
        {
            hasCoefficients = ReadCoefficients(_partitions[row % _partitions.Length], _header.Factors[segment], above, mode == Parts);
        }

        _filters[(row * _across) + column] = ((byte)_header.Level(segment, mode == Parts), mode == Parts || hasCoefficients);
        Reconstruct(row, column, mode, chroma);
    }

    private int ReadModes(int column)
    {
        Span<byte> above = _modesAbove.AsSpan(column * 4, 4);
        if (_modes.Bit(145) != 0)
        {
            int mode = _modes.Bit(156) != 0
                ? _modes.Bit(128) != 0 ? Vp8Prediction.Gradient : Vp8Prediction.Horizontal
                : _modes.Bit(163) != 0 ? Vp8Prediction.Vertical : Vp8Prediction.Average;
            above.Fill((byte)mode);
            _modesLeft.AsSpan().Fill((byte)mode);
            return mode;
        }

        for (int part = 0; part < 16; part++)
        {
            ReadOnlySpan<byte> nodes = Vp8Tables.BlockModeProbabilities.Slice(((above[part % 4] * 10) + _modesLeft[part / 4]) * 9, 9);
            byte mode = (byte)ReadPartMode(nodes);
            _partModes[part] = above[part % 4] = _modesLeft[part / 4] = mode;
        }

        return Parts;
    }

    private int ReadPartMode(ReadOnlySpan<byte> nodes)
    {
        for (int mode = 0; mode < 3; mode++)
        {
            if (_modes.Bit(nodes[mode]) == 0)
            {
                return mode;
            }
        }

        if (_modes.Bit(nodes[3]) == 0)
        {
            return _modes.Bit(nodes[4]) == 0 ? 3 : 4 + _modes.Bit(nodes[5]);
        }

        return _modes.Bit(nodes[6]) == 0 ? 6 : _modes.Bit(nodes[7]) == 0 ? 7 : 8 + _modes.Bit(nodes[8]);
    }

    /// <summary>Reads all parts of a block; returns whether there are coefficients.</summary>
    private bool ReadCoefficients(BoolDecoder bits, Vp8Factors factors, Span<byte> above, bool hasParts)
    {
        bool any = false;
        if (!hasParts)
        {
            Span<int> constants = _coefficients.AsSpan(24 * 16, 16);
            int count = ReadPart(bits, Constants, above[8] + _presentLeft[8], 0, factors.Second, constants);
            above[8] = _presentLeft[8] = (byte)(count > 0 ? 1 : 0);
            Vp8Transforms.Hadamard(constants, _coefficients);
        }

        for (int part = 0; part < 24; part++)
        {
            bool isLuma = part < 16;

            // Where neighbours are remembered: 4 across and down for luma, then 2 for each chroma.
            int x = isLuma ? part % 4 : 4 + ((part - 16) / 4 * 2) + (part % 2), y = isLuma ? part / 4 : 4 + ((part - 16) / 4 * 2) + (part / 2 % 2);
            int first = isLuma && !hasParts ? 1 : 0;
            int count = ReadPart(
                bits, !isLuma ? Chroma : hasParts ? LumaWithConstant : LumaWithoutConstant, above[x] + _presentLeft[y], first, isLuma ? factors.Luma : factors.Chroma, _coefficients.AsSpan(part * 16, 16));
            above[x] = _presentLeft[y] = (byte)(count > first ? 1 : 0);
            any |= count > first || _coefficients[part * 16] != 0;
        }

        return any;
    }

    /// <summary>Reads a part's coefficients from <paramref name="first"/> on and returns how many there are, counted from 0.</summary>
    private int ReadPart(BoolDecoder bits, int kind, int context, int first, (int Constant, int Varying) factors, Span<int> coefficients)
    {
        bool followsZero = false;
        for (int index = first; index < 16; index++)
        {
            ReadOnlySpan<byte> nodes = _header.Probabilities.AsSpan((((kind * 8) + Vp8Tables.Bands[index]) * 3 + context) * 11, 11);

            // There is no end behind a zero.
            if (!followsZero && bits.Bit(nodes[0]) == 0)
            {
                return index;
            }

            followsZero = bits.Bit(nodes[1]) == 0;
            if (followsZero)
            {
                context = 0;
                continue;
            }

            int value = bits.Bit(nodes[2]) == 0 ? 1 : ReadLarge(bits, nodes);
            context = value == 1 ? 1 : 2;
            coefficients[Vp8Tables.Zigzag[index]] = (bits.Flag() ? -value : value) * (index == 0 ? factors.Constant : factors.Varying);
        }

        return 16;
    }

    private static int ReadLarge(BoolDecoder bits, ReadOnlySpan<byte> nodes)
    {
        if (bits.Bit(nodes[3]) == 0)
        {
            return bits.Bit(nodes[4]) == 0 ? 2 : 3 + bits.Bit(nodes[5]);
        }

        if (bits.Bit(nodes[6]) == 0)
        {
            return bits.Bit(nodes[7]) == 0 ? 5 + bits.Bit(159) : 7 + (2 * bits.Bit(165)) + bits.Bit(145);
        }

        int high = bits.Bit(nodes[8]), category = (2 * high) + bits.Bit(nodes[9 + high]), value = 0;
        ReadOnlySpan<byte> extra = category switch
        {
            0 => [173, 148, 140],
            1 => [176, 155, 140, 135],
            2 => [180, 157, 141, 134, 130],
            _ => [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
        };
        foreach (byte probability in extra)
        {
            value = (value << 1) | bits.Bit(probability);
        }

        return value + 3 + (8 << category);
    }

    private void Reconstruct(int row, int column, int mode, int chroma)
    {
        Vp8Plane luma = _planes[0];
        int start = luma.Place(row * 16, column * 16), stride = luma.Stride;
        if (mode != Parts)
        {
            Vp8Prediction.Large(luma.Samples, start, stride, 16, mode, row > 0, column > 0);
        }

        // Parts of the right column see the four samples above the next block, whatever their row; beyond the image those are repeated.
        Span<byte> right = stackalloc byte[4];
        luma.Samples.AsSpan(start - stride + 16, 4).CopyTo(right);
        if (row > 0 && column == _across - 1)
        {
            right.Fill(luma.Samples[start - stride + 15]);
        }

        for (int part = 0; part < 16; part++)
        {
            int place = start + (part / 4 * 4 * stride) + (part % 4 * 4);
            if (mode == Parts)
            {
                Vp8Prediction.Small(luma.Samples, place, stride, _partModes[part], part % 4 == 3 ? right : luma.Samples.AsSpan(place - stride + 4, 4));
            }

            Vp8Transforms.AddCosine(_coefficients.AsSpan(part * 16, 16), luma.Samples, place, stride);
        }

        for (int part = 16; part < 24; part++)
        {
            Vp8Plane plane = _planes[1 + ((part - 16) / 4)];
            int block = plane.Place(row * 8, column * 8);
            if (part % 4 == 0)
            {
                Vp8Prediction.Large(plane.Samples, block, plane.Stride, 8, chroma, row > 0, column > 0);
            }

            Vp8Transforms.AddCosine(_coefficients.AsSpan(part * 16, 16), plane.Samples, block + (part / 2 % 2 * 4 * plane.Stride) + (part % 2 * 4), plane.Stride);
        }
    }
}
