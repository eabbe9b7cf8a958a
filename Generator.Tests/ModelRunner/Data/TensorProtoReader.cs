using System.Text;
using Cameo.Sessions;

namespace Cameo.Tests.Infrastructure;

/// <summary>
/// Reads serialized TensorProto messages whose elements are raw data, as those of the test data are; refuses all others. A reader of its own, since the program has no
/// compiler with it that could read them. Numbers of fields: onnx.proto.
/// </summary>
internal static class TensorProtoReader
{
    private const int Dimensions = 1, DataType = 2, Name = 8, RawData = 9;
    private const int Varint = 0, LengthDelimited = 2;

    public static StoredTensor ReadFile(string path)
    {
        ReadOnlySpan<byte> message = File.ReadAllBytes(path);
        List<long> shape = [];
        long type = 0;
        string name = "";
        byte[] data = [];
        while (!message.IsEmpty)
        {
            long tag = ReadVarint(ref message);
            switch ((tag >> 3, tag & 7))
            {
                case (Dimensions, Varint):
                    shape.Add(ReadVarint(ref message));
                    break;
                case (Dimensions, LengthDelimited):
                    for (ReadOnlySpan<byte> packed = ReadBytes(ref message); !packed.IsEmpty;)
                    {
                        shape.Add(ReadVarint(ref packed));
                    }

                    break;
                case (DataType, Varint):
                    type = ReadVarint(ref message);
                    break;
                case (Name, LengthDelimited):
                    name = Encoding.UTF8.GetString(ReadBytes(ref message));
                    break;
                case (RawData, LengthDelimited):
                    data = ReadBytes(ref message).ToArray();
                    break;
                default:
                    throw new NotSupportedException($"'{path}' has field {tag >> 3} of type {tag & 7}, which is not read here.");
            }
        }

        return new StoredTensor(name, (ElementType)(int)type, [.. shape], data);
    }

    private static ReadOnlySpan<byte> ReadBytes(ref ReadOnlySpan<byte> message)
    {
        int length = checked((int)ReadVarint(ref message));
        ReadOnlySpan<byte> bytes = message[..length];
        message = message[length..];
        return bytes;
    }

    private static long ReadVarint(ref ReadOnlySpan<byte> message)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[0];
            message = message[1..];
            value |= (long)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
