using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Tests.Infrastructure;

/// <summary>Reads serialized TensorProto messages, the files input_i.pb and output_i.pb of the test data.</summary>
internal static class TensorProtoReader
{
    public static StoredTensor ReadFile(string path) => Read(File.ReadAllBytes(path));

    public static StoredTensor Read(byte[] message) => Read(TensorProto.Parser.ParseFrom(message));

    public static StoredTensor Read(TensorProto tensor)
    {
        var type = (TensorProto.Types.DataType)tensor.DataType;
        return type == TensorProto.Types.DataType.String
            ? new StoredTensor(tensor.Name, type, [.. tensor.Dims], [], [.. tensor.StringData.Select(static text => text.ToByteArray())])
            : new StoredTensor(tensor.Name, type, [.. tensor.Dims], TensorData.GetBytes(tensor), null);
    }
}
