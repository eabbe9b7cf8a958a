using System.Globalization;
using System.Text;

namespace Cameo.Generator.Graphs;

/// <summary>Writes a graph as text: inputs, states, a line per node, outputs.</summary>
internal static class GraphPrinter
{
    public static string Print(Graph graph)
    {
        var text = new StringBuilder();
        Print(graph, text, "");
        return text.ToString();
    }

    private static void Print(Graph graph, StringBuilder text, string indent)
    {
        text.Append(indent).Append("graph \"").Append(graph.Name).Append("\"\n");
        foreach (Value input in graph.Inputs.Concat(graph.ContainerInputs))
        {
            text.Append(indent).Append("  input ").Append(input).Append('\n');
        }

        foreach (StatePair state in graph.States)
        {
            text.Append(indent).Append($"  state {state.Kind} {state.Input} -> {state.Output?.ToString() ?? "nothing"}{(state.Past == state.Input ? "" : $", read as {state.Past}")}\n");
        }

        foreach (Node node in graph.Nodes)
        {
            text.Append(indent).Append("  ").Append(string.Join(", ", node.Outputs.Select(output => output?.ToString() ?? "_")))
                .Append(" = ").Append(node.OperatorName).Append('(')
                .Append(string.Join(", ", node.Inputs.Select(PrintInput))).Append(')');
            foreach (AttributeValue attribute in node.Attributes.Values.OrderBy(attribute => attribute.Name, StringComparer.Ordinal))
            {
                if (attribute.Value is not Graph)
                {
                    text.Append(' ').Append(attribute.Name).Append('=').Append(PrintAttribute(attribute.Value));
                }
            }

            text.Append("  // ").Append(string.Join(", ", node.Origins)).Append('\n');
            foreach (AttributeValue attribute in node.Attributes.Values.Where(attribute => attribute.Value is Graph))
            {
                text.Append(indent).Append("    ").Append(attribute.Name).Append(":\n");
                Print((Graph)attribute.Value, text, indent + "    ");
            }
        }

        foreach (Value output in graph.Outputs.Concat(graph.ContainerOutputs))
        {
            text.Append(indent).Append("  output ").Append(output).Append('\n');
        }
    }

    private static string PrintInput(Value? value) => value switch
    {
        null => "_",
        { Constant: InlineConstant constant } when constant.Count <= 8 && (constant.Type.ElementType.IsInteger() || constant.Type.ElementType is ElementType.Boolean or ElementType.Float32 or ElementType.Float64)
            => $"{value.Name}={{{string.Join(",", ConstantElements.ReadDoubles(constant).Select(element => element.ToString("R", CultureInfo.InvariantCulture)))}}}",
        { Constant: not null } => $"{value.Name}:{value.Type}",
        { Elements: { } elements } => $"{value.Name}={{{string.Join(", ", elements)}}}",
        _ => value.Name,
    };

    private static string PrintAttribute(object value) => value switch
    {
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture),
        string text => $"\"{text}\"",
        long[] numbers => $"[{string.Join(",", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))}]",
        float[] numbers => $"[{string.Join(",", numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)))}]",
        string[] texts => $"[{string.Join(",", texts)}]",
        ConstantTensor tensor => tensor.Type.ToString(),
        _ => value.ToString() ?? "",
    };
}
