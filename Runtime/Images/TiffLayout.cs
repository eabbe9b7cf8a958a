namespace Cameo.Images;

/// <summary>How a TIFF file has its pixels: size, samples, and the strips or tiles, which are called blocks here.</summary>
internal sealed class TiffLayout
{
    private const int White = 0, Black = 1, Colors = 2, PaletteColors = 3;

    private readonly int _bits;
    private readonly int _samples;
    private readonly int _photometric;
    private readonly bool _isPlanar;
    private readonly bool _isTiled;
    private readonly bool _isBigEndian;
    private readonly long _blockWidth;
    private readonly long _blockHeight;
    private readonly int _across;
    private readonly int _perPlane;
    private readonly long[] _palette;

    private TiffLayout(ImageBytes bytes, TiffDirectory directory, bool isBigEndian)
    {
        Width = directory.Number(256, 0);
        Height = directory.Number(257, 0);
        RasterImage.RequireSize(Width, Height);
        _isBigEndian = isBigEndian;
        _samples = (int)directory.Number(277, 1);
        long[] bits = directory.Numbers(258);
        _bits = bits.Length == 0 ? 1 : (int)bits[0];
        _photometric = (int)directory.Number(262, Black);
        Compression = (int)directory.Number(259, 1);
        _isPlanar = directory.Number(284, 1) == 2 && _samples > 1;
        HasDifferences = directory.Number(317, 1) == 2;
        _palette = directory.Numbers(320);
        Channels = _photometric is White or Black ? 1 : 3;
        RequireSupported(directory, bits);
        _isTiled = directory.Numbers(324).Length > 0;
        _blockWidth = _isTiled ? directory.Number(322, 0) : Width;
        _blockHeight = _isTiled ? directory.Number(323, 0) : Math.Min(directory.Number(278, Height), Height);
        RasterImage.RequireSize(_blockWidth, _blockHeight);
        _across = (int)((Width + _blockWidth - 1) / _blockWidth);
        _perPlane = (int)Math.Min((Height + _blockHeight - 1) / _blockHeight * _across, int.MaxValue);
        Offsets = directory.Numbers(_isTiled ? 324 : 273);
        Sizes = directory.Numbers(_isTiled ? 325 : 279);
        if (Sizes.Length == 0 && Compression == 1 && Offsets.Length == 1)
        {
            Sizes = [bytes.Length - Offsets[0]];
        }

        long blocks = (long)_perPlane * (_isPlanar ? _samples : 1);
        if (Offsets.Length < blocks || Sizes.Length < blocks)
        {
            throw new InvalidImageException($"the TIFF file has {Offsets.Length} strips or tiles instead of {blocks}.");
        }

        Array.Resize(ref _offsets, (int)blocks);
        Array.Resize(ref _sizes, (int)blocks);
    }

    private long[] _offsets = [];
    private long[] _sizes = [];

    public long Width { get; }

    public long Height { get; }

    /// <summary>1 for gray, 3 for colors.</summary>
    public int Channels { get; }

    public int Compression { get; }

    /// <summary>Whether numbers are differences from the pixel before.</summary>
    public bool HasDifferences { get; }

    public long[] Offsets
    {
        get => _offsets;
        private set => _offsets = value;
    }

    public long[] Sizes
    {
        get => _sizes;
        private set => _sizes = value;
    }

    /// <summary>Bytes of a whole block.</summary>
    public long BlockBytes => RowBytes * _blockHeight;

    private int BlockSamples => _isPlanar ? 1 : _samples;

    private long RowBytes => ((_blockWidth * BlockSamples * _bits) + 7) / 8;

    public static TiffLayout Read(ImageBytes bytes, TiffDirectory directory) => new(bytes, directory, bytes.Byte(0) == 'M');

    /// <summary>Bytes of a block: the last strip is shorter.</summary>
    public long UsedBytes(int block) => _isTiled ? BlockBytes : RowBytes * Math.Min(_blockHeight, Height - (block % _perPlane * _blockHeight));

    /// <summary>Turns differences into numbers, row by row.</summary>
    public void AddDifferences(Span<byte> block)
    {
        int samples = BlockSamples, size = _bits / 8;
        for (int start = 0; start < block.Length; start += (int)RowBytes)
        {
            Span<byte> row = block.Slice(start, (int)RowBytes);
            for (int place = samples * size; place + size <= row.Length; place += size)
            {
                int before = place - (samples * size);
                if (size == 1)
                {
                    row[place] += row[before];
                    continue;
                }

                (int high, int low) = _isBigEndian ? (0, 1) : (1, 0);
                int sum = (row[place + high] << 8) + row[place + low] + (row[before + high] << 8) + row[before + low];
                (row[place + high], row[place + low]) = ((byte)(sum >> 8), (byte)sum);
            }
        }
    }

    /// <summary>Writes a block's pixels into the image.</summary>
    public void Store(ReadOnlySpan<byte> block, int index, RasterImage image)
    {
        int plane = index / _perPlane, place = index % _perPlane, samples = BlockSamples;
        if (plane >= Channels)
        {
            return;
        }

        long top = place / _across * _blockHeight, left = place % _across * _blockWidth;
        long rows = Math.Min(_blockHeight, Height - top), columns = Math.Min(_blockWidth, Width - left);
        int channels = _isPlanar ? 1 : Channels;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<byte> from = block.Slice((int)(row * RowBytes), (int)RowBytes);
            int to = (int)((((top + row) * Width) + left) * Channels) + plane;
            for (int column = 0; column < columns; column++, to += Channels)
            {
                if (_photometric == PaletteColors)
                {
                    int color = Sample(from, column * samples);
                    for (int channel = 0; channel < 3; channel++)
                    {
                        image.Pixels[to + channel] = (byte)(_palette[(channel << _bits) + color] >> 8);
                    }

                    continue;
                }

                for (int channel = 0; channel < channels; channel++)
                {
                    int value = Sample(from, (column * samples) + channel);
                    value = _bits >= 8 ? value : value * 255 / ((1 << _bits) - 1);
                    image.Pixels[to + channel] = (byte)(_photometric == White ? 255 - value : value);
                }
            }
        }
    }

    private int Sample(ReadOnlySpan<byte> row, int index) => _bits switch
    {
        8 => row[index],
        16 => row[(2 * index) + (_isBigEndian ? 0 : 1)],
        _ => (row[index * _bits / 8] >> (8 - _bits - (index * _bits % 8))) & ((1 << _bits) - 1),
    };

    private void RequireSupported(TiffDirectory directory, long[] bits)
    {
        string? reason = Compression is not (1 or 5 or 8 or 32946 or 32773) ? $"compression {Compression}; supported are none, LZW, Deflate and PackBits"
            : _photometric is < White or > PaletteColors ? $"photometric interpretation {_photometric}; supported are gray, RGB and palettes"
            : bits.Any(other => other != _bits) || _bits is not (1 or 2 or 4 or 8 or 16) ? $"samples of [{string.Join(", ", bits)}] bits; supported are 1, 2, 4, 8 and 16"
            : directory.Number(339, 1) != 1 ? $"samples of format {directory.Number(339, 1)}; supported are unsigned integers"
            : directory.Number(266, 1) != 1 ? "bits from the lowest"
            : directory.Number(317, 1) is not (1 or 2) || (HasDifferences && _bits < 8) ? $"predictor {directory.Number(317, 1)} of {_bits} bits"
            : _samples < (_photometric == Colors ? 3 : 1) || _samples > 16 ? $"{_samples} samples a pixel"
            : _photometric == PaletteColors && (_bits > 8 || _palette.Length < 3 << _bits) ? $"a palette of {_palette.Length} numbers for {_bits} bits"
            : null;
        if (reason is not null)
        {
            throw new InvalidImageException($"the TIFF file has {reason}.");
        }
    }
}
