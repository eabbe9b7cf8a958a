using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Tests.Infrastructure;

/// <summary>What graphs are put together from, for whoever makes some: tests, benchmarks, random graphs.</summary>
internal static class OnnxParts
{
    /// <summary>A node; attributes are as <see cref="Attribute"/> takes them.</summary>
    public static NodeProto Node(string domain, string type, string name, IEnumerable<string> inputs, IEnumerable<string> outputs, IEnumerable<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = type, Domain = domain, Name = name };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Attribute.Add(attributes.Select(static attribute => Attribute(attribute.Name, attribute.Value)));
        return node;
    }

    /// <summary>An attribute: a number, a text, a list of either, a tensor, a type or a graph.</summary>
    public static AttributeProto Attribute(string name, object value)
    {
        AttributeProto attribute = new() { Name = name };
        switch (value)
        {
            case float number:
                attribute.Type = AttributeProto.Types.AttributeType.Float;
                attribute.F = number;
                break;
            case string text:
                attribute.Type = AttributeProto.Types.AttributeType.String;
                attribute.S = ByteString.CopyFromUtf8(text);
                break;
            case long[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.Add(numbers);
                break;
            case float[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Floats;
                attribute.Floats.Add(numbers);
                break;
            case string[] texts:
                attribute.Type = AttributeProto.Types.AttributeType.Strings;
                attribute.Strings.Add(texts.Select(ByteString.CopyFromUtf8));
                break;
            case TensorProto tensor:
                attribute.Type = AttributeProto.Types.AttributeType.Tensor;
                attribute.T = tensor;
                break;
            case TypeProto type:
                attribute.Type = AttributeProto.Types.AttributeType.TypeProto;
                attribute.Tp = type;
                break;
            case GraphProto body:
                attribute.Type = AttributeProto.Types.AttributeType.Graph;
                attribute.G = body;
                break;
            default:
                attribute.Type = AttributeProto.Types.AttributeType.Int;
                attribute.I = Convert.ToInt64(value);
                break;
        }

        return attribute;
    }

    /// <summary>A tensor of a graph's interface; sizes are numbers, names, or null for an open one without a name; null for an open rank.</summary>
    public static ValueInfoProto Describe(string name, int type, object?[]? sizes)
    {
        TensorShapeProto? shape = sizes is null ? null : new TensorShapeProto();
        foreach (object? size in sizes ?? [])
        {
            shape!.Dim.Add(size switch
            {
                null => new TensorShapeProto.Types.Dimension(),
                string symbol => new TensorShapeProto.Types.Dimension { DimParam = symbol },
                _ => new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size) },
            });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };
    }
}
