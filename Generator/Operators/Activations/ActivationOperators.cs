using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using static Cameo.Generator.Operators.Activations;

namespace Cameo.Generator.Operators;

/// <summary>
/// Activation functions of ONNX's own domain: Relu, LeakyRelu, PRelu, ThresholdedRelu, Elu, Selu, Celu, Sigmoid, HardSigmoid, HardSwish, Swish, Softplus,
/// Softsign, Mish, Gelu, SwiGLU (Swish of the first input times the second), Shrink: https://onnx.ai/onnx/operators/onnx__Relu.html and so on. Selu's constants have more digits from version 6 on; PRelu's slope is
/// per channel before version 7 (rewritten by the version upgrade); Relu takes signed integers from version 14 on; the other versions add element types.
/// </summary>
internal static class ActivationOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        PointwiseFunction.Unary("Relu", [1, 6, 13, 14], ElementTypeSet.Numeric, (_, x) => Expression.Maximum(x, Number(0, x))),
        Function("LeakyRelu", [1, 6, 16], (node, x) => Expression.Select(Less(x, Number(0, x)), Number(node.FloatAttribute("alpha", 0.01f), x) * x, x)),
        PointwiseFunction.Binary("PRelu", [1, 6, 7, 9, 16], ElementTypeSet.Numeric, (_, x, slope) => Expression.Select(Less(x, Number(0, x)), slope * x, x)),
        Function("ThresholdedRelu", [1, 10, 22], (node, x) => Expression.Select(Less(Number(node.FloatAttribute("alpha", 1), x), x), x, Number(0, x))),
        Function("Elu", [1, 6, 22], (node, x) => Elu(x, node.FloatAttribute("alpha", 1))),
        Function("Selu", [1, 6, 22], Selu),
        Function("Celu", [12], (node, x) =>
        {
            double alpha = node.FloatAttribute("alpha", 1);
            return Expression.Select(Less(x, Number(0, x)), Number(alpha, x) * (Exp(x / Number(alpha, x)) - Number(1, x)), x);
        }),
        Function("Sigmoid", [1, 6, 13], (_, x) => Sigmoid(x)),
        Function("HardSigmoid", [1, 6, 22], (node, x) => Clamp(Number(node.FloatAttribute("alpha", 0.2f), x) * x + Number(node.FloatAttribute("beta", 0.5f), x), 0, 1)),
        Function("HardSwish", [14, 22], (_, x) => x * Clamp(x * Number(1.0 / 6, x) + Number(0.5, x), 0, 1)),
        Function("Swish", [24], Swish),
        new PointwiseFunction("SwiGLU", [28], ElementTypeSet.Floating, 2, (node, inputs) => Swish(node, inputs[0]!) * inputs[1]!)
        {
            Canonical = (node, context) => context.Add("Mul", context.Add("Swish", [("alpha", node.FloatAttribute("alpha", 1))], node.Input(0)), node.Input(1)),
        },
        Function("Softplus", [1, 22], (_, x) => Softplus(x)),
        Function("Softsign", [1, 22], (_, x) => x / (Number(1, x) + Expression.Apply(ElementOperation.Absolute, x))),
        Function("Mish", [18, 22], (_, x) => Mish(x)),
        Function("Gelu", [20], (node, x) => node.StringAttribute("approximate", "none") switch
        {
            "none" => Gelu(x),
            "tanh" => GeluByTanh(x),
            string other => throw new ModelException(node, $"attribute 'approximate' is '{other}'; known are 'none' and 'tanh'"),
        }),
        PointwiseFunction.Unary("Shrink", [9], ElementTypeSet.Numeric, Shrink),
    ];

    private static Expression Swish(Node node, Expression x) => x * Sigmoid(node.FloatAttribute("alpha", 1) is var alpha and not 1 ? Number(alpha, x) * x : x);

    private static PointwiseFunction Function(string type, int[] versions, Func<Node, Expression, Expression> express) =>
        PointwiseFunction.Unary(type, versions, ElementTypeSet.Floating, express);

    private static Expression Selu(Node node, Expression x)
    {
        double alpha = node.FloatAttribute("alpha", node.Version < 6 ? 1.6732f : 1.67326319217681884765625f);
        double gamma = node.FloatAttribute("gamma", node.Version < 6 ? 1.0507f : 1.05070102214813232421875f);
        return Number(gamma, x) * Elu(x, alpha);
    }

    private static Expression Shrink(Node node, Expression x)
    {
        Expression bias = Number(node.FloatAttribute("bias", 0), x);
        double threshold = node.FloatAttribute("lambd", 0.5f);
        if (x.Type.IsInteger())
        {
            // An integer is beyond a fractional threshold exactly when it is beyond its floor; unsigned numbers have no lower branch.
            threshold = Math.Floor(threshold);
            Expression above = Expression.Select(Less(Number(threshold, x), x), x - bias, Number(0, x));
            return x.Type.IsSigned() ? Expression.Select(Less(x, Number(-threshold, x)), x + bias, above) : above;
        }

        return Expression.Select(
            Less(x, Number(-threshold, x)),
            x + bias,
            Expression.Select(Less(Number(threshold, x), x), x - bias, Number(0, x)));
    }
}
