namespace Cameo.Images.WebP;

/// <summary>RFC 6386's arithmetic decoder.</summary>
internal sealed class BoolDecoder
{
    /// <summary>A decoder reads some bytes ahead; files whose data end earlier are cut off.</summary>
    private const int MostBytesAhead = 8;

    private readonly byte[] _data;
    private readonly int _end;
    private int _offset;
    private uint _value;
    private uint _range = 255;
    private int _shifted;

    public BoolDecoder(byte[] data, int offset, int length)
    {
        (_data, _offset, _end) = (data, offset, offset + length);
        _value = (uint)((Next() << 8) | Next());
    }

    public int Bit(int probability)
    {
        uint split = 1 + (((_range - 1) * (uint)probability) >> 8), large = split << 8;
        int bit = _value >= large ? 1 : 0;
        if (bit != 0)
        {
            _range -= split;
            _value -= large;
        }
        else
        {
            _range = split;
        }

        while (_range < 128)
        {
            _value <<= 1;
            _range <<= 1;
            if (++_shifted == 8)
            {
                _shifted = 0;
                _value |= (uint)Next();
            }
        }

        return bit;
    }

    public bool Flag() => Bit(128) != 0;

    public int Number(int bits)
    {
        int value = 0;
        for (int bit = 0; bit < bits; bit++)
        {
            value = (value << 1) | Bit(128);
        }

        return value;
    }

    /// <summary>A number and its sign.</summary>
    public int Signed(int bits)
    {
        int value = Number(bits);
        return Flag() ? -value : value;
    }

    /// <summary>A number with a sign, where a flag says that there is one, else 0.</summary>
    public int Optional(int bits) => Flag() ? Signed(bits) : 0;

    private int Next()
    {
        if (_offset >= _end + MostBytesAhead)
        {
            throw new InvalidImageException("the data of the WebP file end early.");
        }

        return _offset < _end ? _data[_offset++] : Zero();
    }

    private int Zero()
    {
        _offset++;
        return 0;
    }
}
