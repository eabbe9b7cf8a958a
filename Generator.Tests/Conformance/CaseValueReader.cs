using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Google.Protobuf;

namespace Cameo.Tests.Conformance;

/// <summary>Reads the files input_i.pb and output_i.pb, whose message follows the declared type of the graph's value: TensorProto, SequenceProto or OptionalProto.</summary>
internal static class CaseValueReader
{
    // Field numbers that SequenceProto and OptionalProto have in common: https://github.com/onnx/onnx/blob/main/onnx/onnx-data.proto
    private const int TensorField = 3, SparseTensorField = 4, SequenceField = 5, MapField = 6, OptionalField = 7;

    public static CaseValue Read(byte[] message, ValueKind kind) => kind switch
    {
        ValueKind.Tensor => ReadTensor(message),
        ValueKind.Sequence => new SequenceValue(ReadElements(message)),
        ValueKind.Optional => new OptionalValue(ReadElements(message).SingleOrDefault()),
        _ => throw new NotSupportedException($"Values of the kind {kind} are not read."),
    };

    private static TensorValue ReadTensor(byte[] message)
    {
        StoredTensor stored = TensorProtoReader.Read(message);
        var type = (ElementType)(int)stored.ElementType;
        return new TensorValue(type, [.. stored.Shape], stored.Strings is null ? StoredTensors.Unpack(type, stored) : [], stored.Strings);
    }

    private static List<CaseValue> ReadElements(byte[] message)
    {
        List<CaseValue> elements = [];
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case TensorField:
                    elements.Add(ReadTensor(input.ReadBytes().ToByteArray()));
                    break;
                case SequenceField:
                    elements.Add(new SequenceValue(ReadElements(input.ReadBytes().ToByteArray())));
                    break;
                case OptionalField:
                    elements.Add(new OptionalValue(ReadElements(input.ReadBytes().ToByteArray()).SingleOrDefault()));
                    break;
                case SparseTensorField or MapField:
                    throw new NotSupportedException("Sparse tensors and maps are not read.");
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return elements;
    }
}
