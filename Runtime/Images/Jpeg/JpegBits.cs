namespace Cameo.Images.Jpeg;

/// <summary>The bits of a scan, up to the next marker.</summary>
internal ref struct JpegBits(ReadOnlySpan<byte> file, int offset)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private ulong _bits;
    private int _count;

    /// <summary>Where the next byte is; after <see cref="Align"/> where the marker is.</summary>
    public int Offset { get; private set; } = offset;

    public int Decode(JpegHuffmanTable table)
    {
        Fill();
        int next = _count >= JpegHuffmanTable.MaximumBits
            ? (int)(_bits >> (_count - JpegHuffmanTable.MaximumBits)) & 0xFFFF
            : (int)(_bits << (JpegHuffmanTable.MaximumBits - _count)) & 0xFFFF;
        int symbol = table.Find(next, out int length);
        Require(length);
        _count -= length;
        return symbol;
    }

    public int Read(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        Fill();
        Require(count);
        _count -= count;
        return (int)(_bits >> _count) & ((1 << count) - 1);
    }

    /// <summary>A number of a category: of n bits, the lower half negative.</summary>
    public int ReadSigned(int count)
    {
        int value = Read(count);
        return count > 0 && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
    }

    /// <summary>Passes over the rest of the data before a marker; what is left of them is no more than a byte in files without a fault.</summary>
    public void Align()
    {
        (_bits, _count) = (0, 0);
        while (Offset + 1 < _file.Length && !(_file[Offset] == 0xFF && _file[Offset + 1] is not 0 and not 0xFF))
        {
            Offset++;
        }
    }

    /// <summary>Passes over a restart marker, which has to be the next.</summary>
    public void Restart(int expected)
    {
        Align();
        if (Offset + 1 >= _file.Length || _file[Offset + 1] != 0xD0 + expected)
        {
            throw new InvalidImageException($"restart marker {expected} is missing at {Offset}.");
        }

        Offset += 2;
    }

    private readonly void Require(int count)
    {
        if (count > _count)
        {
            throw new InvalidImageException($"the data of the JPEG file end early at {Offset}.");
        }
    }

    private void Fill()
    {
        while (_count <= 48 && Offset < _file.Length)
        {
            byte value = _file[Offset];
            if (value == 0xFF)
            {
                if (Offset + 1 >= _file.Length || _file[Offset + 1] != 0)
                {
                    return;
                }

                Offset++;
            }

            _bits = (_bits << 8) | value;
            _count += 8;
            Offset++;
        }
    }
}
