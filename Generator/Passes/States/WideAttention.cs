using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Makes an attention over 16-bit operands one over float32, as its cache is: a session's caches hold float32 whatever the model's interface has.
/// <para>Before: <c>y = Attention(q, k, v, …)</c> in float16. After: <c>w = Attention(Cast(q), Cast(k), Cast(v), …); y = Cast(w)</c>.</para>
/// </summary>
internal static class WideAttention
{
    public static void Run(Graph graph, Node attention)
    {
        ElementType narrow = attention.Output.ElementType;
        if (narrow == ElementType.Float32)
        {
            return;
        }

        for (int input = 0; input < attention.Inputs.Count; input++)
        {
            if (attention.Inputs[input] is not { } value || value.ElementType != narrow)
            {
                continue;
            }

            if (input is AttentionNode.PastKey or AttentionNode.PastValue)
            {
                attention.SetInput(input, graph.AddValue($"{value.Name}.wide", new TensorType(ElementType.Float32, value.Shape)));
                continue;
            }

            attention.SetInput(input, Cast(graph, value, ElementType.Float32, graph.Nodes.IndexOf(attention)));
        }

        Value result = attention.Output;
        result.Type = new TensorType(ElementType.Float32, result.Shape);
        Node[] readers = [.. result.Consumers];
        Value cast = Cast(graph, result, narrow, graph.Nodes.IndexOf(attention) + 1);
        foreach (Node reader in readers.Distinct())
        {
            for (int input = 0; input < reader.Inputs.Count; input++)
            {
                if (reader.Inputs[input] == result)
                {
                    reader.SetInput(input, cast);
                }
            }
        }

        for (int output = 0; output < graph.Outputs.Count; output++)
        {
            graph.Outputs[output] = graph.Outputs[output] == result ? cast : graph.Outputs[output];
        }

        foreach (int present in new[] { AttentionNode.PresentKey, AttentionNode.PresentValue })
        {
            attention.Outputs[present]!.Type = new TensorType(ElementType.Float32, attention.Outputs[present]!.Shape);
        }
    }

    private static Value Cast(Graph graph, Value value, ElementType type, int index)
    {
        Node cast = graph.AddNode($"{value.Name}/Cast", "Cast", [value], OperatorRegistry.NewestOpset, index);
        cast.SetAttribute("to", (long)type);
        cast.AddOutput(graph.AddValue($"{value.Name}.{type.OnnxName()}", new TensorType(type, value.Shape)));
        return cast.Output;
    }
}
