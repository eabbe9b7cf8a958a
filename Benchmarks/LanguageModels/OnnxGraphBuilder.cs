using System.Runtime.InteropServices;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Builds an ONNX model node by node; its weights are references into a data file beside it.</summary>
internal sealed class OnnxGraphBuilder(string name, int opset, string dataFile)
{
    public const int Float32 = 1;
    public const int Int32 = 6;
    public const int Int64 = 7;
    public const int Boolean = 9;
    public const string Contrib = "com.microsoft";

    private const int IrVersion = 10;

    private readonly GraphProto _graph = new() { Name = name };
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);

    /// <summary>Adds an input; sizes are numbers or names.</summary>
    public string Input(string input, int elementType, params object[] shape)
    {
        _graph.Input.Add(OnnxParts.Describe(input, elementType, shape));
        return input;
    }

    public void Output(string output, int elementType, params object[] shape) => _graph.Output.Add(OnnxParts.Describe(output, elementType, shape));

    /// <summary>Refers to a tensor of the data file.</summary>
    public string Weight(StoredTensor tensor)
    {
        if (_initializers.Add(tensor.Name))
        {
            TensorProto proto = NewTensor(tensor.Name, tensor.ElementType, tensor.Shape);
            proto.DataLocation = TensorProto.Types.DataLocation.External;
            proto.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = dataFile });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{tensor.Offset}" });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{tensor.Bytes}" });
            _graph.Initializer.Add(proto);
        }

        return tensor.Name;
    }

    /// <summary>An integer tensor within the model; a scalar unless <paramref name="isVector"/>.</summary>
    public string Integers(string constant, bool isVector, params long[] values) =>
        Constant(constant, Int64, isVector ? [values.Length] : [], MemoryMarshal.AsBytes<long>(values));

    /// <summary>A float scalar within the model.</summary>
    public string Number(string constant, float value) => Constant(constant, Float32, [], MemoryMarshal.AsBytes<float>([value]));

    /// <summary>Adds a node of one output, which has the node's name.</summary>
    public string Node(string type, string output, string[] inputs, params (string Name, object Value)[] attributes) => Node("", type, output, inputs, [output], attributes)[0];

    /// <summary>Adds a node of several outputs and gives the first.</summary>
    public string Node(string type, string node, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes) => Node("", type, node, inputs, outputs, attributes)[0];

    /// <summary>Adds a node of com.microsoft.</summary>
    public string[] ContribNode(string type, string node, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes) =>
        Node(Contrib, type, node, inputs, outputs, attributes);

    public void Write(string path)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "cameo-benchmarks", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        if (_graph.Node.Any(static node => node.Domain == Contrib))
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = Contrib, Version = 1 });
        }

        File.WriteAllBytes(path, model.ToByteArray());
    }

    private static TensorProto NewTensor(string tensor, int elementType, ReadOnlySpan<long> shape)
    {
        var proto = new TensorProto { Name = tensor, DataType = elementType };
        foreach (long size in shape)
        {
            proto.Dims.Add(size);
        }

        return proto;
    }

    private string[] Node(string domain, string type, string node, string[] inputs, string[] outputs, (string Name, object Value)[] attributes)
    {
        _graph.Node.Add(OnnxParts.Node(domain, type, node, inputs, outputs, attributes));
        return outputs;
    }

    private string Constant(string constant, int elementType, long[] shape, ReadOnlySpan<byte> data)
    {
        if (_initializers.Add(constant))
        {
            TensorProto proto = NewTensor(constant, elementType, shape);
            proto.RawData = ByteString.CopyFrom(data);
            _graph.Initializer.Add(proto);
        }

        return constant;
    }
}
