using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Builds a <see cref="ModelProto"/> from a file without the contents of its tensors: of those it notes where they lie. Left out as well is what does
/// not change the results of a model: documentation (but that of the model's inputs and outputs), metadata of anything but the model, training, device placement.
/// </summary>
internal sealed class ModelWalker(WireReader reader, StructureBudget budget)
{
    /// <summary>Real models nest three or four graphs.</summary>
    public const int MaximumGraphDepth = 32;

    private readonly Dictionary<TensorProto, TensorLocation> _locations = new(ReferenceComparer<TensorProto>.Instance);
    private int _graphDepth;

    /// <summary>Consumes a field of a message, or returns false to have it parsed as usual.</summary>
    private delegate bool FieldHandler<in T>(T message, in WireField field);

    public IReadOnlyDictionary<TensorProto, TensorLocation> Locations => _locations;

    public ModelProto ReadModel()
    {
        ModelProto model = new();
        ReadMessage(model, reader.Length, ReadModelField);
        return model;
    }

    private bool ReadModelField(ModelProto model, in WireField field)
    {
        switch (field.Number)
        {
            case ModelProto.GraphFieldNumber:
                RequireFirst(model.Graph, "graph", field);
                model.Graph = ReadGraph(field);
                return true;
            case ModelProto.FunctionsFieldNumber:
                model.Functions.Add(ReadNested<FunctionProto>(field, ReadFunctionField));
                return true;
            case ModelProto.DocStringFieldNumber or ModelProto.TrainingInfoFieldNumber or ModelProto.ConfigurationFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private GraphProto ReadGraph(in WireField field)
    {
        if (_graphDepth == MaximumGraphDepth)
        {
            throw new ImportException(
                ImportDiagnosticIds.NestedTooDeeply,
                FormattableString.Invariant($"More than {MaximumGraphDepth} graphs are nested in each other (byte offset {field.Start})."));
        }

        _graphDepth++;
        GraphProto graph = ReadNested<GraphProto>(field, ReadGraphField);
        _graphDepth--;
        return graph;
    }

    private bool ReadGraphField(GraphProto graph, in WireField field)
    {
        switch (field.Number)
        {
            case GraphProto.NodeFieldNumber:
                graph.Node.Add(ReadNested<NodeProto>(field, ReadNodeField));
                return true;
            case GraphProto.InitializerFieldNumber:
                graph.Initializer.Add(ReadTensor(field));
                return true;
            case GraphProto.SparseInitializerFieldNumber:
                graph.SparseInitializer.Add(ReadNested<SparseTensorProto>(field, ReadSparseTensorField));
                return true;
            case GraphProto.InputFieldNumber:
                graph.Input.Add(ReadNested<ValueInfoProto>(field, InterfaceFieldHandler));
                return true;
            case GraphProto.OutputFieldNumber:
                graph.Output.Add(ReadNested<ValueInfoProto>(field, InterfaceFieldHandler));
                return true;
            case GraphProto.ValueInfoFieldNumber:
                graph.ValueInfo.Add(ReadNested<ValueInfoProto>(field, ReadValueInfoField));
                return true;
            case GraphProto.DocStringFieldNumber or GraphProto.MetadataPropsFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private bool ReadFunctionField(FunctionProto function, in WireField field)
    {
        switch (field.Number)
        {
            case FunctionProto.NodeFieldNumber:
                function.Node.Add(ReadNested<NodeProto>(field, ReadNodeField));
                return true;
            case FunctionProto.AttributeProtoFieldNumber:
                function.AttributeProto.Add(ReadNested<AttributeProto>(field, ReadAttributeField));
                return true;
            case FunctionProto.ValueInfoFieldNumber:
                function.ValueInfo.Add(ReadNested<ValueInfoProto>(field, ReadValueInfoField));
                return true;
            case FunctionProto.DocStringFieldNumber or FunctionProto.MetadataPropsFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private bool ReadNodeField(NodeProto node, in WireField field)
    {
        switch (field.Number)
        {
            case NodeProto.AttributeFieldNumber:
                node.Attribute.Add(ReadNested<AttributeProto>(field, ReadAttributeField));
                return true;
            case NodeProto.DocStringFieldNumber or NodeProto.MetadataPropsFieldNumber or NodeProto.DeviceConfigurationsFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private bool ReadAttributeField(AttributeProto attribute, in WireField field)
    {
        switch (field.Number)
        {
            case AttributeProto.TFieldNumber:
                RequireFirst(attribute.T, "t", field);
                attribute.T = ReadTensor(field);
                return true;
            case AttributeProto.TensorsFieldNumber:
                attribute.Tensors.Add(ReadTensor(field));
                return true;
            case AttributeProto.GFieldNumber:
                RequireFirst(attribute.G, "g", field);
                attribute.G = ReadGraph(field);
                return true;
            case AttributeProto.GraphsFieldNumber:
                attribute.Graphs.Add(ReadGraph(field));
                return true;
            case AttributeProto.SparseTensorFieldNumber:
                RequireFirst(attribute.SparseTensor, "sparse_tensor", field);
                attribute.SparseTensor = ReadNested<SparseTensorProto>(field, ReadSparseTensorField);
                return true;
            case AttributeProto.SparseTensorsFieldNumber:
                attribute.SparseTensors.Add(ReadNested<SparseTensorProto>(field, ReadSparseTensorField));
                return true;
            case AttributeProto.DocStringFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private bool ReadSparseTensorField(SparseTensorProto tensor, in WireField field)
    {
        switch (field.Number)
        {
            case SparseTensorProto.ValuesFieldNumber:
                RequireFirst(tensor.Values, "values", field);
                tensor.Values = ReadTensor(field);
                return true;
            case SparseTensorProto.IndicesFieldNumber:
                RequireFirst(tensor.Indices, "indices", field);
                tensor.Indices = ReadTensor(field);
                return true;
            default:
                return false;
        }
    }

    // The documentation of the model's inputs and outputs becomes documentation of the generated class.
    private FieldHandler<ValueInfoProto> InterfaceFieldHandler => _graphDepth == 1 ? ReadInterfaceField : ReadValueInfoField;

    private bool ReadInterfaceField(ValueInfoProto value, in WireField field)
        => field.Number == ValueInfoProto.MetadataPropsFieldNumber && Skip(field);

    private bool ReadValueInfoField(ValueInfoProto value, in WireField field)
        => field.Number is ValueInfoProto.MetadataPropsFieldNumber or ValueInfoProto.DocStringFieldNumber && Skip(field);

    private TensorProto ReadTensor(in WireField field)
    {
        RequireLength(field);
        TensorLocation location = new() { MessageStart = field.Start, MessageEnd = field.End };
        TensorProto tensor = ReadNested<TensorProto>(field, (TensorProto _, in WireField inner) => ReadTensorField(location, inner));
        _locations.Add(tensor, location);
        return tensor;
    }

    private bool ReadTensorField(TensorLocation location, in WireField field)
    {
        switch (field.Number)
        {
            case TensorProto.RawDataFieldNumber:
                RequireLength(field);
                location.AddRaw(field);
                return Skip(field);
            case TensorProto.FloatDataFieldNumber
                or TensorProto.Int32DataFieldNumber
                or TensorProto.StringDataFieldNumber
                or TensorProto.Int64DataFieldNumber
                or TensorProto.DoubleDataFieldNumber
                or TensorProto.Uint64DataFieldNumber:
                location.AddTyped(field);
                return Skip(field);
            case TensorProto.DocStringFieldNumber or TensorProto.MetadataPropsFieldNumber:
                return Skip(field);
            default:
                return false;
        }
    }

    private T ReadNested<T>(in WireField field, FieldHandler<T> handler)
        where T : IMessage<T>, new()
    {
        RequireLength(field);
        T message = new();
        ReadMessage(message, field.End, handler);
        return message;
    }

    /// <summary>Gives each field to the handler, and what the handler leaves to the protobuf library.</summary>
    private void ReadMessage<T>(T message, long end, FieldHandler<T> handler)
        where T : IMessage<T>
    {
        budget.AddMessage();
        MemoryStream? rest = null;
        long start = reader.Position;
        while (reader.TryReadField(end, out WireField field))
        {
            if (!handler(message, field))
            {
                FieldDescriptor? known = message.Descriptor.FindFieldByNumber(field.Number);
                if (known is null)
                {
                    Skip(field);
                    continue;
                }

                budget.AddField(field, known.FieldType == FieldType.Message);
                CopyField(field, rest ??= new MemoryStream());
            }
        }

        if (rest is not null)
        {
            Merge(message, rest, start);
        }
    }

    private static void Merge<T>(T message, MemoryStream fields, long start)
        where T : IMessage<T>
    {
        try
        {
            message.MergeFrom(fields.GetBuffer().AsSpan(0, (int)fields.Length));
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw WireReader.Malformed($"a {message.Descriptor.Name} can't be read: {exception.Message}", start);
        }
    }

    private void CopyField(in WireField field, MemoryStream destination)
    {
        WriteVarint(destination, ((ulong)field.Number << 3) | (uint)field.Type);
        if (field.Type == WireType.Varint)
        {
            WriteVarint(destination, field.Value);
            return;
        }

        if (field.IsMessageOrBytes)
        {
            WriteVarint(destination, (ulong)field.Length);
        }

        // The budget has bounded the length, so that it fits into an array.
        int length = (int)field.Length;
        int offset = (int)destination.Position;
        destination.SetLength(offset + length);
        reader.ReadBytes(destination.GetBuffer(), offset, length);
        destination.Position = offset + length;
    }

    private static void WriteVarint(MemoryStream destination, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            destination.WriteByte((byte)(value | 0x80));
        }

        destination.WriteByte((byte)value);
    }

    private bool Skip(in WireField field)
    {
        reader.Seek(field.End);
        return true;
    }

    private static void RequireLength(in WireField field)
    {
        if (!field.IsMessageOrBytes)
        {
            throw WireReader.Malformed($"field {field.Number} has the wire type {field.Type} where a message or bytes are expected", field.Start);
        }
    }

    // The protobuf library would merge a second value into the first; no writer produces that, and half a tensor in each helps nobody.
    private static void RequireFirst(object? existing, string name, in WireField field)
    {
        if (existing is not null)
        {
            throw WireReader.Malformed($"the field '{name}' occurs twice", field.Start);
        }
    }
}
