using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>
/// The elements that a tensor's message holds in one of its typed fields (float_data, int32_data, …), packed or one by one, as raw little-endian bytes.
/// </summary>
internal sealed class TypedFieldStream : ReadOnlyStream
{
    private readonly WireReader _reader;
    private readonly long _messageEnd;
    private readonly DataType _type;
    private readonly int _field;
    private readonly WireType _elementType;
    private readonly int _storedBytes;
    private readonly byte[] _element = new byte[sizeof(ulong)];

    private long _packedEnd;
    private int _elementIndex;

    public TypedFieldStream(Stream file, long messageStart, long messageLength, DataType type)
    {
        _reader = new WireReader(file);
        _reader.Seek(messageStart);
        _messageEnd = messageStart + messageLength;
        _type = type;
        _field = ElementTypes.TypedField(type);

        // Complex numbers are stored as two values, elements below a byte as whole bytes.
        _storedBytes = type switch
        {
            DataType.Complex64 => sizeof(float),
            DataType.Complex128 => sizeof(double),
            _ => Math.Max(ElementTypes.Bits(type) / 8, 1),
        };
        _elementType = type switch
        {
            DataType.Float or DataType.Complex64 => WireType.Fixed32,
            DataType.Double or DataType.Complex128 => WireType.Fixed64,
            _ => WireType.Varint,
        };
        _elementIndex = _storedBytes;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int written = 0;
        while (written < count && (_elementIndex < _storedBytes || ReadElement()))
        {
            int part = Math.Min(count - written, _storedBytes - _elementIndex);
            Buffer.BlockCopy(_element, _elementIndex, buffer, offset + written, part);
            _elementIndex += part;
            written += part;
        }

        return written;
    }

    private bool ReadElement()
    {
        while (_reader.Position >= _packedEnd)
        {
            if (!_reader.TryReadField(_messageEnd, out WireField field))
            {
                return false;
            }

            if (field.Number != _field)
            {
                _reader.Seek(field.End);
            }
            else if (field.IsMessageOrBytes)
            {
                _packedEnd = field.End;
            }
            else
            {
                StoreSingle(field);
                return true;
            }
        }

        if (_elementType == WireType.Varint)
        {
            StoreInteger(_reader.ReadVarint(_packedEnd));
        }
        else
        {
            ReadFixed(_packedEnd);
        }

        return true;
    }

    private void StoreSingle(in WireField field)
    {
        if (field.Type != _elementType)
        {
            throw WireReader.Malformed($"an element has the wire type {field.Type} instead of {_elementType}", field.Start);
        }

        if (_elementType == WireType.Varint)
        {
            StoreInteger(field.Value);
        }
        else
        {
            ReadFixed(field.End);
        }
    }

    private void ReadFixed(long end)
    {
        if (end - _reader.Position < _storedBytes)
        {
            throw WireReader.Malformed("an element is cut off", _reader.Position);
        }

        _reader.ReadBytes(_element, 0, _storedBytes);
        _elementIndex = 0;
    }

    private void StoreInteger(ulong value)
    {
        if (!Fits(unchecked((long)value)))
        {
            throw new ImportException(
                ImportDiagnosticIds.InvalidTensorData,
                FormattableString.Invariant($"The stored value {unchecked((long)value)} is none of {_type} (byte offset {_reader.Position})."));
        }

        for (int index = 0; index < _storedBytes; index++)
        {
            _element[index] = (byte)(value >> (8 * index));
        }

        _elementIndex = 0;
    }

    // Producers store narrow values both with and without their sign extended.
    private bool Fits(long value) => _storedBytes switch
    {
        1 => value is >= sbyte.MinValue and <= byte.MaxValue,
        2 => value is >= short.MinValue and <= ushort.MaxValue,
        4 when _type == DataType.Int32 => value is >= int.MinValue and <= int.MaxValue,
        4 => value is >= 0 and <= uint.MaxValue,
        _ => true,
    };
}
