namespace Cameo.Images.Jpeg;

/// <summary>
/// JPEG: baseline, extended and progressive with Huffman codes and 8 bits; gray, YCbCr, RGB, CMYK and YCCK; restarts; chroma at any whole fraction of the image's size. Lossless, hierarchical and
/// arithmetic-coded files are refused.
/// </summary>
internal sealed class JpegDecoder
{
    /// <summary>More scans than any encoder makes; a file of many empty ones would take forever.</summary>
    private const int MaximumScans = 100;

    private readonly ushort[]?[] _quantization = new ushort[4][];
    private readonly JpegHuffmanTable?[] _constantTables = new JpegHuffmanTable[4];
    private readonly JpegHuffmanTable?[] _varyingTables = new JpegHuffmanTable[4];
    private JpegComponent[] _components = [];
    private int _width;
    private int _height;
    private int _unitsAcross;
    private int _unitsDown;
    private bool _isProgressive;
    private int _restartInterval;
    private int _scans;
    private bool _isJfif;
    private int _adobeTransform = -1;

    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        var decoder = new JpegDecoder();
        decoder.Read(file, onlyFrame: true);
        return (decoder._height, decoder._width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        var decoder = new JpegDecoder();
        decoder.Read(file, onlyFrame: false);
        return new JpegColors(decoder._width, decoder._height, decoder._components, decoder.IsLuma(), decoder._adobeTransform >= 0).Convert();
    }

    private void Read(ReadOnlySpan<byte> file, bool onlyFrame)
    {
        var bytes = new ImageBytes(file, isBigEndian: true);
        for (int offset = 2; ;)
        {
            // Any number of 0xFF may stand before a marker.
            if (bytes.Byte(offset) != 0xFF)
            {
                throw new InvalidImageException($"a JPEG marker was expected at {offset}.");
            }

            while (bytes.Byte(offset) == 0xFF)
            {
                offset++;
            }

            int marker = bytes.Byte(offset++);
            if (marker == 0xD9)
            {
                break;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
            {
                continue;
            }

            int length = bytes.UInt16(offset);
            ReadOnlySpan<byte> segment = bytes.Slice(offset + 2, length - 2);
            offset += length;
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2:
                    _isProgressive = marker == 0xC2;
                    ReadFrame(segment, file.Length);
                    if (onlyFrame)
                    {
                        return;
                    }

                    AllocateCoefficients();
                    break;
                case 0xC4:
                    ReadHuffmanTables(segment);
                    break;
                case 0xDB:
                    ReadQuantizationTables(segment);
                    break;
                case 0xDD:
                    _restartInterval = (segment[0] << 8) | segment[1];
                    break;
                case 0xDA:
                    offset = ReadScan(segment, file, offset);
                    break;
                case 0xE0:
                    _isJfif |= segment.StartsWith("JFIF\0"u8);
                    break;
                case 0xEE:
                    _adobeTransform = segment.Length >= 12 && segment.StartsWith("Adobe"u8) ? segment[11] : _adobeTransform;
                    break;
                case (>= 0xC3 and <= 0xCF) and not 0xC8 and not 0xCC or 0xDE or 0xCC:
                    throw new InvalidImageException($"JPEG marker 0x{marker:X2} (lossless, hierarchical or arithmetic-coded) is not supported.");
            }

            // What follows the last scan may be cut off; what is decoded is all there is.
            if (_scans > 0 && offset >= file.Length)
            {
                break;
            }
        }

        if (_scans == 0)
        {
            throw new InvalidImageException("the JPEG file has no scan.");
        }
    }

    /// <summary>Whether components are luma and chroma: what markers say, else what components are called.</summary>
    private bool IsLuma() => _components.Length switch
    {
        3 => _isJfif || (_adobeTransform >= 0 ? _adobeTransform != 0 : !(_components[0].Identifier == 'R' && _components[1].Identifier == 'G' && _components[2].Identifier == 'B')),
        4 => _adobeTransform == 2,
        _ => false,
    };

    private void ReadFrame(ReadOnlySpan<byte> segment, int fileLength)
    {
        if (_components.Length > 0 || segment[0] != 8)
        {
            throw new InvalidImageException(_components.Length > 0 ? "the JPEG file has several frames." : $"JPEG with {segment[0]} bits is not supported.");
        }

        _height = (segment[1] << 8) | segment[2];
        _width = (segment[3] << 8) | segment[4];
        RasterImage.RequireSize(_width, _height);
        int count = segment[5];
        if (count is not (1 or 3 or 4))
        {
            throw new InvalidImageException($"JPEG with {count} components is not supported.");
        }

        var components = new JpegComponent[count];
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> entry = segment.Slice(6 + (3 * index), 3);
            components[index] = new JpegComponent { Identifier = entry[0], Horizontal = entry[1] >> 4, Vertical = entry[1] & 15, QuantizationTable = entry[2] };
            if (components[index].Horizontal is < 1 or > 4 || components[index].Vertical is < 1 or > 4 || entry[2] > 3)
            {
                throw new InvalidImageException($"component {index} of the JPEG file has the sampling {entry[1]:X2} and the table {entry[2]}.");
            }
        }

        int horizontal = components.Max(static component => component.Horizontal), vertical = components.Max(static component => component.Vertical);
        _unitsAcross = Divide(_width, 8 * horizontal);
        _unitsDown = Divide(_height, 8 * vertical);
        long blocks = components.Sum(component => (long)_unitsAcross * component.Horizontal * _unitsDown * component.Vertical);

        // A block takes at least a bit in the scan that begins it.
        ImageFile.RequirePlausible(blocks, fileLength, 8);
        foreach (JpegComponent component in components)
        {
            if (horizontal % component.Horizontal != 0 || vertical % component.Vertical != 0)
            {
                throw new InvalidImageException("components of the JPEG file are no whole fractions of each other.");
            }

            component.Width = Divide(_width * component.Horizontal, horizontal);
            component.Height = Divide(_height * component.Vertical, vertical);
            component.BlocksAcross = Divide(component.Width, 8);
            component.BlocksDown = Divide(component.Height, 8);
            component.BlockStride = _unitsAcross * component.Horizontal;
            component.BlockRows = _unitsDown * component.Vertical;
        }

        _components = components;
    }

    private void AllocateCoefficients()
    {
        foreach (JpegComponent component in _components)
        {
            component.Coefficients = new short[(long)component.BlockStride * component.BlockRows * 64];
        }
    }

    private void ReadHuffmanTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            int target = segment[0];
            ReadOnlySpan<byte> counts = segment.Slice(1, JpegHuffmanTable.MaximumBits);
            int total = 0;
            foreach (byte count in counts)
            {
                total += count;
            }

            var table = new JpegHuffmanTable(counts, segment.Slice(1 + JpegHuffmanTable.MaximumBits, total));
            ((target >> 4) switch
            {
                0 => _constantTables,
                1 => _varyingTables,
                _ => throw new InvalidImageException($"JPEG has no Huffman table {target:X2}."),
            })[target & 15] = table;
            segment = segment[(1 + JpegHuffmanTable.MaximumBits + total)..];
        }
    }

    private void ReadQuantizationTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            int size = (segment[0] >> 4) + 1, target = segment[0] & 15;
            var table = new ushort[64];
            for (int index = 0; index < 64; index++)
            {
                table[index] = size == 1 ? segment[1 + index] : (ushort)((segment[1 + (2 * index)] << 8) | segment[2 + (2 * index)]);
            }

            _quantization[target] = table;
            segment = segment[(1 + (64 * size))..];
        }
    }

    private int ReadScan(ReadOnlySpan<byte> segment, ReadOnlySpan<byte> file, int offset)
    {
        int count = segment[0];
        if (_components.Length == 0 || count < 1 || count > _components.Length || ++_scans > MaximumScans)
        {
            throw new InvalidImageException(_scans > MaximumScans ? $"the JPEG file has more than {MaximumScans} scans." : $"a scan of {count} components is not possible.");
        }

        var components = new JpegComponent[count];
        for (int index = 0; index < count; index++)
        {
            int identifier = segment[1 + (2 * index)], tables = segment[2 + (2 * index)];
            JpegComponent component = _components.FirstOrDefault(component => component.Identifier == identifier)
                ?? throw new InvalidImageException($"a scan has the component {identifier}, which the frame does not have.");
            component.Quantization ??= _quantization[component.QuantizationTable] ?? throw new InvalidImageException($"quantization table {component.QuantizationTable} is missing.");
            component.ConstantTable = _constantTables[(tables >> 4) & 3];
            component.VaryingTable = _varyingTables[tables & 3];
            components[index] = component;
        }

        int first = segment[1 + (2 * count)], last = segment[2 + (2 * count)], bits = segment[3 + (2 * count)];
        bool needsConstants = first == 0 && bits >> 4 == 0, needsVarying = last > 0;
        if (components.Distinct().Count() != count
            || components.Any(component => (needsConstants && component.ConstantTable is null) || (needsVarying && component.VaryingTable is null)))
        {
            throw new InvalidImageException("a scan has a component twice, or one without a Huffman table.");
        }

        var scan = new JpegScan(file, offset, components, _isProgressive, first, last, bits >> 4, bits & 15);
        return scan.Run(_unitsAcross, _unitsDown, _restartInterval);
    }

    private static int Divide(int value, int divisor) => (value + divisor - 1) / divisor;
}
