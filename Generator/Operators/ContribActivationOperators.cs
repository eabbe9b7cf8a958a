using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using static Cameo.Generator.Operators.Activations;

namespace Cameo.Generator.Operators;

/// <summary>
/// Activation functions of the domain com.microsoft: Gelu, FastGelu (with an optional bias), BiasGelu, QuickGelu (x · sigmoid(alpha · x)):
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Beside them ParametricSoftplus and
/// ScaledTanh, experimental operators of ONNX 1.0 that ONNX Runtime kept.
/// </summary>
internal static class ContribActivationOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        Function("Gelu", 1, (_, inputs) => Gelu(inputs[0]!)),
        Function("FastGelu", 1, (_, inputs) => GeluByTanh(inputs.Count > 1 && inputs[1] is { } bias ? inputs[0]! + bias : inputs[0]!)),
        Function("BiasGelu", 2, (_, inputs) => Gelu(inputs[0]! + inputs[1]!)),
        Function("QuickGelu", 1, (node, inputs) => inputs[0]! * Sigmoid(Number(node.FloatAttribute("alpha", 1.702f), inputs[0]!) * inputs[0]!)),
        PointwiseFunction.Unary("ParametricSoftplus", [1], ElementTypeSet.Floating, (node, x) =>
            Number(node.FloatAttribute("alpha", 1), x) * Softplus(Number(node.FloatAttribute("beta", 1), x) * x)),
        PointwiseFunction.Unary("ScaledTanh", [1], ElementTypeSet.Floating, (node, x) =>
            Number(node.FloatAttribute("alpha", 1), x) * Expression.Apply(ElementOperation.HyperbolicTangent, Number(node.FloatAttribute("beta", 1), x) * x)),
    ];

    private static PointwiseFunction Function(string type, int inputs, Func<Node, IReadOnlyList<Expression?>, Expression> express) =>
        new(type, [1], ElementTypeSet.Floating, inputs, express, PointwiseFunction.MicrosoftDomain);
}
