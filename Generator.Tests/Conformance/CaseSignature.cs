using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;

namespace Cameo.Tests.Conformance;

/// <summary>What the harness reads from a case's model itself, so that it is known of models that the compiler refuses as well.</summary>
internal sealed class CaseSignature
{
    private readonly SortedSet<string> _operators = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _types = new(StringComparer.Ordinal);

    public CaseSignature(byte[] content)
    {
        var model = ModelProto.Parser.ParseFrom(content);
        HashSet<string> initializers = [.. model.Graph.Initializer.Select(static tensor => tensor.Name)];
        Inputs = [.. model.Graph.Input.Where(input => !initializers.Contains(input.Name)).Select(Slot)];
        Unranked = [.. model.Graph.Input.Where(input => !initializers.Contains(input.Name)).Index().Where(static entry => entry.Item.Type?.TensorType is { Shape: null }).Select(static entry => entry.Index)];
        Outputs = [.. model.Graph.Output.Select(Slot)];
        Visit(model.Graph.Node);
        foreach (FunctionProto function in model.Functions)
        {
            Visit(function.Node);
        }

        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            AddType(tensor.DataType);
        }

        foreach (ValueInfoProto value in model.Graph.Input.Concat(model.Graph.Output))
        {
            AddType(value.Type);
        }
    }

    public CaseSlot[] Inputs { get; }

    /// <summary>The inputs whose shape the model leaves out.</summary>
    public int[] Unranked { get; }

    public CaseSlot[] Outputs { get; }

    public string[] Operators => [.. _operators];

    public string[] ElementTypes => [.. _types];

    private static CaseSlot Slot(ValueInfoProto value) => new(value.Name, value.Type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => ValueKind.Sequence,
        TypeProto.ValueOneofCase.OptionalType => ValueKind.Optional,
        TypeProto.ValueOneofCase.MapType => ValueKind.Map,
        TypeProto.ValueOneofCase.SparseTensorType => ValueKind.SparseTensor,
        _ => ValueKind.Tensor,
    });

    private void Visit(IEnumerable<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            _operators.Add(node.Domain is "" or "ai.onnx" ? node.OpType : $"{node.Domain}.{node.OpType}");
            foreach (AttributeProto attribute in node.Attribute)
            {
                if (attribute.G is not null)
                {
                    Visit(attribute.G.Node);
                }

                Visit(attribute.Graphs.SelectMany(static graph => graph.Node));
            }
        }
    }

    private void AddType(TypeProto? type)
    {
        switch (type?.ValueCase)
        {
            case TypeProto.ValueOneofCase.TensorType:
                AddType(type.TensorType.ElemType);
                break;
            case TypeProto.ValueOneofCase.SequenceType:
                AddType(type.SequenceType.ElemType);
                break;
            case TypeProto.ValueOneofCase.OptionalType:
                AddType(type.OptionalType.ElemType);
                break;
        }
    }

    private void AddType(int type) => _types.Add(((ElementType)type).ToString().ToLowerInvariant());
}
