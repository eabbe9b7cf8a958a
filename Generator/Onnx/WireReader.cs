namespace Cameo.Generator.Onnx;

/// <summary>
/// Walks the fields of protobuf messages over a stream without loading them. A length is checked against the enclosing message, and so against the
/// file, before anything relies on it.
/// </summary>
internal sealed class WireReader(Stream stream)
{
    private const int BufferSize = 1 << 16;

    // A varint has seven bits a byte: 64 bits need ten bytes.
    private const int MaximumVarintShift = 63;

    private readonly byte[] _buffer = new byte[BufferSize];
    private long _bufferStart;
    private int _bufferLength;
    private int _index;

    public long Length { get; } = stream.Length;

    public long Position => _bufferStart + _index;

    /// <summary>Reads a field's tag and, for the message that ends at <paramref name="end"/>, checks that the value lies within it.
    /// A varint's value is read; every other value is still to be read or skipped.</summary>
    public bool TryReadField(long end, out WireField field)
    {
        if (Position >= end)
        {
            field = default;
            return false;
        }

        long tagOffset = Position;
        ulong tag = ReadVarint(end);
        ulong number = tag >> 3;
        if (number is 0 or > 0x1FFFFFFF)
        {
            throw Malformed($"invalid field number {number}", tagOffset);
        }

        WireType type = (WireType)(tag & 7);
        long valueOffset = Position;
        switch (type)
        {
            case WireType.Varint:
                ulong value = ReadVarint(end);
                field = new WireField((int)number, type, valueOffset, Position - valueOffset, value);
                return true;
            case WireType.Fixed32:
                field = new WireField((int)number, type, valueOffset, sizeof(uint), 0);
                break;
            case WireType.Fixed64:
                field = new WireField((int)number, type, valueOffset, sizeof(ulong), 0);
                break;
            case WireType.LengthDelimited:
                ulong length = ReadVarint(end);
                if (length > (ulong)(end - Position))
                {
                    throw Malformed($"field {number} claims {length} bytes where {end - Position} are left", tagOffset);
                }

                field = new WireField((int)number, type, Position, (long)length, 0);
                return true;
            default:
                throw Malformed($"field {number} has the unsupported wire type {(int)type}", tagOffset);
        }

        if (field.Length > end - valueOffset)
        {
            throw Malformed($"field {number} is cut off", tagOffset);
        }

        return true;
    }

    public ulong ReadVarint(long end)
    {
        long start = Position;
        ulong value = 0;
        for (int shift = 0; shift <= MaximumVarintShift; shift += 7)
        {
            byte part = ReadByte(end, start);
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Malformed("a variable-length integer has more than ten bytes", start);
    }

    public void ReadBytes(byte[] destination, int offset, int count)
    {
        while (count > 0)
        {
            if (_index == _bufferLength && !Fill())
            {
                throw Malformed("the file ends here, although it was longer when it was opened", Position);
            }

            int part = Math.Min(count, _bufferLength - _index);
            Buffer.BlockCopy(_buffer, _index, destination, offset, part);
            _index += part;
            offset += part;
            count -= part;
        }
    }

    /// <summary>Moves to an offset; what is already in memory is not read again.</summary>
    public void Seek(long offset)
    {
        if (offset >= _bufferStart && offset <= _bufferStart + _bufferLength)
        {
            _index = (int)(offset - _bufferStart);
            return;
        }

        _bufferStart = offset;
        _bufferLength = 0;
        _index = 0;
    }

    public static ImportException Malformed(string what, long offset)
        => new(ImportDiagnosticIds.MalformedFile, FormattableString.Invariant($"The file is damaged or not an ONNX model: {what} (byte offset {offset})."));

    private byte ReadByte(long end, long start)
    {
        if (Position >= end || (_index == _bufferLength && !Fill()))
        {
            throw Malformed("a variable-length integer is cut off", start);
        }

        return _buffer[_index++];
    }

    private bool Fill()
    {
        _bufferStart += _bufferLength;
        _index = 0;
        _bufferLength = 0;
        stream.Position = _bufferStart;
        _bufferLength = stream.Read(_buffer, 0, BufferSize);
        return _bufferLength > 0;
    }
}
