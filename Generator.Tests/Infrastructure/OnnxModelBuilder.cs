using System.Runtime.InteropServices;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Infrastructure;

/// <summary>Writes small models, node by node.</summary>
internal sealed class OnnxModelBuilder
{
    private readonly ModelProto _model = new() { IrVersion = 8, Graph = new GraphProto { Name = "test" } };

    public OnnxModelBuilder(int opset = 18) => _model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });

    /// <summary>The version of another domain; before its first node.</summary>
    public OnnxModelBuilder Import(string domain, int version)
    {
        _model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        return this;
    }

    /// <summary>A float input; sizes are numbers or names.</summary>
    public OnnxModelBuilder Input(string name, params object[] sizes) => Input(name, DataType.Float, sizes);

    public OnnxModelBuilder Input(string name, DataType type, params object[] sizes)
    {
        _model.Graph.Input.Add(Describe(name, type, sizes));
        return this;
    }

    /// <summary>An input of any type: a sequence or an optional.</summary>
    public OnnxModelBuilder Input(string name, TypeProto type)
    {
        _model.Graph.Input.Add(new ValueInfoProto { Name = name, Type = type });
        return this;
    }

    /// <summary>An output of any type.</summary>
    public OnnxModelBuilder Output(string name, TypeProto type)
    {
        _model.Graph.Output.Add(new ValueInfoProto { Name = name, Type = type });
        return this;
    }

    public OnnxModelBuilder Output(string name, params object[] sizes) => Output(name, DataType.Float, sizes);

    public OnnxModelBuilder Output(string name, DataType type, params object[] sizes)
    {
        _model.Graph.Output.Add(Describe(name, type, sizes));
        return this;
    }

    /// <summary>What the model says of a value between nodes.</summary>
    public OnnxModelBuilder Value(string name, DataType type, params object[] sizes)
    {
        _model.Graph.ValueInfo.Add(Describe(name, type, sizes));
        return this;
    }

    /// <summary>A float weight with numbers in −1 … 1 that depend on its name alone.</summary>
    public OnnxModelBuilder Weight(string name, params long[] sizes) => Constant(name, WeightValues(name, sizes), sizes);

    /// <summary>The numbers of <see cref="Weight"/>.</summary>
    public static float[] WeightValues(string name, params long[] sizes)
    {
        var values = new float[sizes.Aggregate(1L, static (product, size) => product * size)];
        var random = new Random(name.Aggregate(17, static (hash, character) => unchecked((hash * 31) + character)));
        for (int index = 0; index < values.Length; index++)
        {
            values[index] = (random.NextSingle() * 2) - 1;
        }

        return values;
    }

    public OnnxModelBuilder Constant(string name, float[] values, params long[] sizes) => Constant(name, DataType.Float, MemoryMarshal.AsBytes<float>(values), sizes);

    /// <summary>A list of int64.</summary>
    public OnnxModelBuilder Integers(string name, params long[] values) => Constant(name, DataType.Int64, MemoryMarshal.AsBytes<long>(values), values.Length);

    /// <summary>A constant of strings.</summary>
    public OnnxModelBuilder Texts(string name, string[] values, params long[] sizes)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)DataType.String };
        tensor.Dims.Add(sizes);
        tensor.StringData.Add(values.Select(ByteString.CopyFromUtf8));
        _model.Graph.Initializer.Add(tensor);
        return this;
    }

    /// <summary>An int64 scalar.</summary>
    public OnnxModelBuilder Integer(string name, long value) => Constant(name, DataType.Int64, MemoryMarshal.AsBytes<long>([value]));

    /// <summary>A boolean scalar.</summary>
    public OnnxModelBuilder Boolean(string name, bool value) => Constant(name, DataType.Bool, [value ? (byte)1 : (byte)0]);

    /// <summary>One number of a floating-point or integer type: an initializer, or a Constant node.</summary>
    public OnnxModelBuilder Number(string name, DataType type, double value, bool asNode, params long[] sizes)
    {
        byte[] data = type switch
        {
            DataType.Float => BitConverter.GetBytes((float)value),
            DataType.Double => BitConverter.GetBytes(value),
            DataType.Float16 => BitConverter.GetBytes((Half)value),
            DataType.Int32 => BitConverter.GetBytes((int)value),
            DataType.Int64 => BitConverter.GetBytes((long)value),
            _ => throw new NotSupportedException(type.ToString()),
        };
        if (!asNode)
        {
            return Constant(name, type, data, sizes);
        }

        TensorProto tensor = new() { DataType = (int)type, RawData = ByteString.CopyFrom(data) };
        tensor.Dims.Add(sizes);
        _model.Graph.Node.Add(OnnxParts.Node("", "Constant", $"{name}_Constant", [], [name], [("value", tensor)]));
        return this;
    }

    /// <summary>
    /// Adds a node, of another domain where the type begins with one ("com.microsoft.Gelu"); attributes are numbers, lists of numbers, text, lists of text, tensors, or
    /// builders whose graphs are bodies.
    /// </summary>
    public OnnxModelBuilder Node(string type, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        int dot = type.LastIndexOf('.');
        string domain = dot < 0 ? "" : type[..dot];
        if (_model.OpsetImport.All(import => import.Domain != domain))
        {
            _model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        }

        string name = $"{outputs.First(output => output.Length > 0)}_{type[(dot + 1)..]}";
        IEnumerable<(string, object)> values = attributes.Select(static attribute => (attribute.Name, attribute.Value is OnnxModelBuilder body ? body._model.Graph : attribute.Value));
        _model.Graph.Node.Add(OnnxParts.Node(domain, type[(dot + 1)..], name, inputs, outputs, values));
        return this;
    }

    /// <summary>Adds a node of com.microsoft's domain.</summary>
    public OnnxModelBuilder ContribNode(string type, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        const string Domain = "com.microsoft";
        if (_model.OpsetImport.All(static import => import.Domain != Domain))
        {
            _model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
        }

        Node(type, inputs, outputs, attributes);
        _model.Graph.Node[^1].Domain = Domain;
        return this;
    }

    /// <summary>Gives the nodes other names, made of their names and types.</summary>
    public OnnxModelBuilder Rename(Func<string, string, string> name)
    {
        foreach (NodeProto node in _model.Graph.Node)
        {
            node.Name = name(node.Name, node.OpType);
        }

        return this;
    }

    public byte[] ToBytes() => _model.ToByteArray();

    /// <summary>The graph text that the compiler reads.</summary>
    public string ToGraphText(IReadOnlyDictionary<string, string>? options = null)
    {
        ImportResult result = ModelImporter.Import(
            new MemoryStream(ToBytes()), folder: null, new ImportOptions { GraphOptions = options ?? new Dictionary<string, string>() });
        return result.GraphText ?? throw new InvalidOperationException(string.Join("; ", result.Diagnostics));
    }

    /// <summary>A constant of any type from its bytes, as the file has them: 4-bit elements two to a byte.</summary>
    public OnnxModelBuilder Constant(string name, DataType type, ReadOnlySpan<byte> data, params long[] sizes)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(data) };
        tensor.Dims.Add(sizes);
        _model.Graph.Initializer.Add(tensor);
        return this;
    }

    /// <summary>A sparse initializer: values, the places of its flattened elements or their coordinates, and its sizes.</summary>
    public OnnxModelBuilder Sparse(string name, DataType type, ReadOnlySpan<byte> values, long[] indices, long[] indexSizes, params long[] sizes)
    {
        SparseTensorProto sparse = new()
        {
            Values = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(values) },
            Indices = new TensorProto { DataType = (int)DataType.Int64, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(indices)) },
        };
        sparse.Values.Dims.Add(values.Length / (type is DataType.Double or DataType.Int64 ? sizeof(long) : sizeof(float)));
        sparse.Indices.Dims.Add(indexSizes);
        sparse.Dims.Add(sizes);
        _model.Graph.SparseInitializer.Add(sparse);
        return this;
    }

    private static ValueInfoProto Describe(string name, DataType type, object[] sizes) => OnnxParts.Describe(name, (int)type, sizes);
}
