using System.Globalization;
using System.Text;
using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Shrinking;

/// <summary>A model as text for people.</summary>
internal static class ModelText
{
    private const int ShownElements = 12;

    public static string Describe(FuzzModel model)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"opset {model.Opset}");
        foreach (FuzzInput input in model.Inputs)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"input {input.Name} {input.Type}[{string.Join(", ", input.Sizes)}] {string.Join(" ", model.Runs.Select(run => $"[{string.Join(", ", run[input.Name].Shape)}]"))}");
        }

        foreach ((string name, TensorProto tensor) in model.Initializers)
        {
            double[] numbers = Elements.Numbers(new(tensor.DataType, [.. tensor.Dims], tensor.RawData.ToByteArray()));
            text.AppendLine(CultureInfo.InvariantCulture, $"constant {name} {(ElementType)tensor.DataType}[{string.Join(", ", tensor.Dims)}] = {string.Join(", ", numbers.Take(ShownElements).Select(static number => number.ToString("G6", CultureInfo.InvariantCulture)))}{(numbers.Length > ShownElements ? ", …" : "")}");
        }

        foreach (NodeProto node in model.Steps.SelectMany(static step => step.Nodes))
        {
            Append(text, node, "");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"outputs {string.Join(", ", model.Outputs.Select(static output => output.Name))}");
        return text.ToString();
    }

    private static void Append(StringBuilder text, NodeProto node, string indent)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"{indent}{string.Join(", ", node.Output)} = {node.OpType}({string.Join(", ", node.Input)}) {string.Join(" ", node.Attribute.Where(static attribute => attribute.G is null).Select(Describe))}");
        foreach (AttributeProto attribute in node.Attribute.Where(static attribute => attribute.G is not null))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{indent}  {attribute.Name}({string.Join(", ", attribute.G.Input.Select(static input => input.Name))})");
            foreach (NodeProto inner in attribute.G.Node)
            {
                Append(text, inner, indent + "    ");
            }

            text.AppendLine(CultureInfo.InvariantCulture, $"{indent}    → {string.Join(", ", attribute.G.Output.Select(static output => output.Name))}");
        }
    }

    private static string Describe(AttributeProto attribute) => attribute.Type switch
    {
        AttributeProto.Types.AttributeType.Int => $"{attribute.Name}={attribute.I}",
        AttributeProto.Types.AttributeType.Float => string.Create(CultureInfo.InvariantCulture, $"{attribute.Name}={attribute.F}"),
        AttributeProto.Types.AttributeType.String => $"{attribute.Name}={attribute.S.ToStringUtf8()}",
        AttributeProto.Types.AttributeType.Ints => $"{attribute.Name}=[{string.Join(",", attribute.Ints)}]",
        _ => $"{attribute.Name}=…",
    };
}
