using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Fuzzing.Models;

/// <summary>Makes nodes and attributes.</summary>
internal static class Attributes
{
    public static NodeProto Node(string domain, string type, IEnumerable<string> inputs, IEnumerable<string> outputs, params IEnumerable<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = type, Domain = domain };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Name = $"{node.Output.First(static name => name.Length > 0)}_{type}";
        node.Attribute.Add(attributes.Select(static attribute => Of(attribute.Name, attribute.Value)));
        return node;
    }

    public static AttributeProto Of(string name, object value)
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
}
