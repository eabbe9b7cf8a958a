using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Tests.Import;

/// <summary>Small models for the tests of the import.</summary>
internal static class ModelFiles
{
    /// <summary>Options that leave no tensor in the graph text.</summary>
    public static ImportOptions NothingInline { get; } = new() { InlineBytes = -1, InlineIntegerBytes = -1, InlineFloatingPointElements = -1 };

    public static TensorProto Tensor(string name, TensorProto.Types.DataType type, params long[] dimensions)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type };
        tensor.Dims.Add(dimensions);
        return tensor;
    }

    public static TensorProto Tensor(string name, TensorProto.Types.DataType type, byte[] data, params long[] dimensions)
    {
        TensorProto tensor = Tensor(name, type, dimensions);
        tensor.RawData = ByteString.CopyFrom(data);
        return tensor;
    }

    public static TensorProto External(string name, long elements, params (string Key, string Value)[] entries)
    {
        TensorProto tensor = Tensor(name, TensorProto.Types.DataType.Uint8, elements);
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(entries.Select(static entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        return tensor;
    }

    public static ModelProto Model(params TensorProto[] initializers)
    {
        ModelProto model = new() { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.Graph.Initializer.Add(initializers);
        return model;
    }

    public static NodeProto Node(string operatorType, params AttributeProto[] attributes)
    {
        NodeProto node = new() { OpType = operatorType };
        node.Attribute.Add(attributes);
        return node;
    }

    public static ImportResult Import(ModelProto model, ImportOptions? options = null) => Import(model.ToByteArray(), options);

    public static ImportResult Import(byte[] model, ImportOptions? options = null)
        => ModelImporter.Import(new MemoryStream(model), folder: null, options ?? ImportOptions.Default);

    /// <summary>The facts of a tensor that is imported by reference.</summary>
    public static TensorFacts ImportFacts(TensorProto tensor)
    {
        ImportResult result = Import(Model(tensor), NothingInline);
        Xunit.Assert.Empty(result.Diagnostics);
        return TensorFacts.Read(GraphTextReader.Read(result.GraphText!).Graph.Initializer[0])!;
    }
}
