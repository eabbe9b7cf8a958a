using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The activation that fused operators of com.microsoft (FusedConv, FusedGemm) name in their attribute <c>activation</c>.</summary>
internal static class FusedActivation
{
    /// <summary>Checks the name.</summary>
    public static void Require(Node node)
    {
        if (node.StringAttribute("activation", "") is not ("" or "Relu" or "Tanh" or "Sigmoid" or "LeakyRelu" or "Clip" or "HardSigmoid" or "Elu" or "Softplus"))
        {
            throw ModelException.Unsupported(node, $"activation '{node.StringAttribute("activation", "")}' is not supported");
        }
    }

    /// <summary>The activation of a value; parameters are its attributes in the order of the standard's documentation.</summary>
    public static Value Apply(Node node, ExpansionContext context, Value x, params float?[] parameters)
    {
        float Parameter(int index, float fallback) => index < parameters.Length && parameters[index] is { } given ? given : fallback;
        string type = node.StringAttribute("activation", "");
        return type switch
        {
            "" => x,
            "LeakyRelu" => context.Add(type, [("alpha", Parameter(0, 0.01f))], x),
            "Elu" => context.Add(type, [("alpha", Parameter(0, 1))], x),
            "HardSigmoid" => context.Add(type, [("alpha", Parameter(0, 0.2f)), ("beta", Parameter(1, 0.5f))], x),
            "Clip" => context.Add(type, x, context.Literal(Parameter(0, float.MinValue), x.ElementType), context.Literal(Parameter(1, float.MaxValue), x.ElementType)),
            _ => context.Add(type, x),
        };
    }
}
