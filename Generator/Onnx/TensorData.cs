using System.Buffers.Binary;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>Converts the elements of a tensor in memory to and from raw little-endian bytes.</summary>
internal static class TensorData
{
    /// <summary>Stores elements the way the graph text has them: 32-bit and 64-bit signed integers as readable numbers, all others as raw data.</summary>
    public static void SetBytes(TensorProto tensor, DataType type, byte[] data)
    {
        switch (type)
        {
            case DataType.Int32:
                for (int offset = 0; offset < data.Length; offset += sizeof(int))
                {
                    tensor.Int32Data.Add(BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(offset)));
                }

                break;
            case DataType.Int64:
                for (int offset = 0; offset < data.Length; offset += sizeof(long))
                {
                    tensor.Int64Data.Add(BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(offset)));
                }

                break;
            default:
                if (data.Length > 0)
                {
                    tensor.RawData = ByteString.CopyFrom(data);
                }

                break;
        }
    }

    /// <summary>The elements of a tensor that holds them itself, in whichever field, as raw little-endian bytes. Strings have no such form.</summary>
    /// <exception cref="ImportException">The elements can't be decoded, or their number is not that of the shape.</exception>
    public static byte[] GetBytes(TensorProto tensor)
    {
        DataType type = (DataType)tensor.DataType;
        if (ElementTypes.Bits(type) == 0 || TensorFacts.Read(tensor) is not null)
        {
            throw new ImportException(ImportDiagnosticIds.InvalidTensorData, $"The tensor '{tensor.Name}' of {type} has no bytes of its own.");
        }

        long elements = ElementTypes.ElementCount(tensor.Dims)
            ?? throw new ImportException(ImportDiagnosticIds.InvalidShape, $"The shape of the tensor '{tensor.Name}' has no size.");
        long length = ElementTypes.ByteLength(type, elements);
        byte[] bytes = tensor.RawData.Length > 0 ? tensor.RawData.ToByteArray() : DecodeTyped(tensor, type);
        return bytes.Length == length
            ? bytes
            : throw new ImportException(ImportDiagnosticIds.DataSizeMismatch, $"The tensor '{tensor.Name}' has {bytes.Length} bytes instead of {length}.");
    }

    // The decoder works on the form in a file; a tensor in memory is small enough to be brought into it.
    private static byte[] DecodeTyped(TensorProto tensor, DataType type)
    {
        using MemoryStream message = new(tensor.ToByteArray());
        using TypedFieldStream elements = new(message, 0, message.Length, type);
        using MemoryStream bytes = new();
        elements.CopyTo(bytes);
        return bytes.ToArray();
    }
}
