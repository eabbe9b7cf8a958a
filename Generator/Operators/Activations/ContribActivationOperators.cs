using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using static Cameo.Generator.Operators.Activations;

namespace Cameo.Generator.Operators;

/// <summary>
/// Activation functions of the domain com.microsoft: Gelu, FastGelu (with an optional bias), BiasGelu, QuickGelu (x · sigmoid(alpha · x)), which are
/// names for ONNX's Gelu and Swish:
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Beside them ParametricSoftplus and
/// ScaledTanh, experimental operators of ONNX 1.0 that ONNX Runtime kept.
/// </summary>
internal static class ContribActivationOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        Function("Gelu", 1, (_, inputs) => Gelu(inputs[0]!), (node, context) => CanonicalGelu(node, context, "none")),
        Function("FastGelu", 1, (_, inputs) => GeluByTanh(inputs.Count > 1 && inputs[1] is { } bias ? inputs[0]! + bias : inputs[0]!), (node, context) => CanonicalGelu(node, context, "tanh")),
        Function("BiasGelu", 2, (_, inputs) => Gelu(inputs[0]! + inputs[1]!), (node, context) => CanonicalGelu(node, context, "none")),
        Function("QuickGelu", 1, (node, inputs) => inputs[0]! * Sigmoid(Number(Alpha(node), inputs[0]!) * inputs[0]!), (node, context) =>
            context.Add("Swish", [("alpha", Alpha(node))], node.Input(0))),
        PointwiseFunction.Unary("ParametricSoftplus", [1], ElementTypeSet.Floating, (node, x) =>
            Number(node.FloatAttribute("alpha", 1), x) * Softplus(Number(node.FloatAttribute("beta", 1), x) * x)),
        PointwiseFunction.Unary("ScaledTanh", [1], ElementTypeSet.Floating, (node, x) =>
            Number(node.FloatAttribute("alpha", 1), x) * Expression.Apply(ElementOperation.HyperbolicTangent, Number(node.FloatAttribute("beta", 1), x) * x)),
    ];

    private static PointwiseFunction Function(
        string type, int inputs, Func<Node, IReadOnlyList<Expression?>, Expression> express, Func<Node, ExpansionContext, Value> canonical) =>
        new(type, [1], ElementTypeSet.Floating, inputs, express, PointwiseFunction.MicrosoftDomain) { Canonical = canonical, CheckShapes = CheckBias };

    /// <summary>The bias (input 1), where there is one, has an element for each place of the last axis: a single one is not broadcast.</summary>
    private static void CheckBias(Node node, InferenceContext context)
    {
        if (node.OptionalInput(1) is not { } bias)
        {
            return;
        }

        Shape shape = node.Input(0).Shape;
        if (shape.Rank == 0 || bias.Shape.Rank != 1 || (bias.Shape[0] - shape[shape.Rank - 1]).Value is not (null or 0))
        {
            throw new ModelException(node, $"a bias of shape {bias.Shape} for an input of shape {shape}");
        }

        context.RequireEqual(node, bias.Shape[0], shape[shape.Rank - 1], "the elements of the bias and the last axis of the input");
    }

    private static float Alpha(Node node) => node.FloatAttribute("alpha", 1.702f);

    /// <summary>ONNX's Gelu, of the sum where there is a bias; 16-bit types are added in float32, as the operators do.</summary>
    private static Value CanonicalGelu(Node node, ExpansionContext context, string approximate)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        if (node.OptionalInput(1) is { } bias)
        {
            x = formula.Add(formula.Widen(x), formula.Widen(bias));
        }

        return formula.Cast(context.Add("Gelu", [("approximate", approximate)], x), node.Output.ElementType);
    }
}
