using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Elementary functions of one number: Abs, Neg, Sign, Reciprocal, Floor, Ceil, Round, Sqrt, Exp, Log, Erf, the trigonometric and hyperbolic functions and
/// their inverses: https://onnx.ai/onnx/operators/onnx__Abs.html and so on. Versions 6 dropped a legacy attribute, the later ones add element types.
/// Abs, Neg and Sign also take integers, and so does Erf, by way of float32; IsNaN and IsInf take float8.
/// </summary>
internal static class MathOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        Function("Abs", [1, 6, 13], ElementTypeSet.Numeric, ElementOperation.Absolute),
        Function("Neg", [1, 6, 13], ElementTypeSet.Numeric, ElementOperation.Negate),
        Function("Sign", [9, 13], ElementTypeSet.Numeric, ElementOperation.Sign),
        Function("Reciprocal", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.Reciprocal),
        Function("Floor", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.Floor),
        Function("Ceil", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.Ceiling),
        Function("Round", [11, 22], ElementTypeSet.Floating, ElementOperation.Round),
        Function("Sqrt", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.SquareRoot),
        Function("Exp", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.Exponential),
        Function("Log", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.Logarithm),
        new PointwiseFunction("Erf", [9, 13], ElementTypeSet.Floating, 1, (_, inputs) => Expression.Apply(ElementOperation.Erf, inputs[0]!)) { TakesAsFloat = static type => type.IsInteger() },
        Function("Sin", [7, 22], ElementTypeSet.Floating, ElementOperation.Sine),
        Function("Cos", [7, 22], ElementTypeSet.Floating, ElementOperation.Cosine),
        Function("Tan", [7, 22], ElementTypeSet.Floating, ElementOperation.Tangent),
        Function("Asin", [7, 22], ElementTypeSet.Floating, ElementOperation.ArcSine),
        Function("Acos", [7, 22], ElementTypeSet.Floating, ElementOperation.ArcCosine),
        Function("Atan", [7, 22], ElementTypeSet.Floating, ElementOperation.ArcTangent),
        Function("Sinh", [9, 22], ElementTypeSet.Floating, ElementOperation.HyperbolicSine),
        Function("Cosh", [9, 22], ElementTypeSet.Floating, ElementOperation.HyperbolicCosine),
        Function("Tanh", [1, 6, 13], ElementTypeSet.Floating, ElementOperation.HyperbolicTangent),
        Function("Asinh", [9, 22], ElementTypeSet.Floating, ElementOperation.HyperbolicArcSine),
        Function("Acosh", [9, 22], ElementTypeSet.Floating, ElementOperation.HyperbolicArcCosine),
        Function("Atanh", [9, 22], ElementTypeSet.Floating, ElementOperation.HyperbolicArcTangent),
        new PointwiseFunction("IsNaN", [9, 13, 20], ElementTypeSet.Floating, 1, (_, inputs) => Expression.Apply(ElementOperation.IsNaN, inputs[0]!))
        {
            TakesAsFloat = static type => type.IsSmallFloat(),
            ResultOfOthers = ElementType.Boolean,
        },
        new PointwiseFunction("IsInf", [10, 20], ElementTypeSet.Floating, 1, (node, inputs) =>
        {
            Expression x = inputs[0]!;
            Expression positive = Expression.Apply(ElementOperation.IsPositiveInfinity, x);
            Expression negative = Expression.Apply(ElementOperation.IsNegativeInfinity, x);
            return (node.IntegerAttribute("detect_positive", 1) != 0, node.IntegerAttribute("detect_negative", 1) != 0) switch
            {
                (true, true) => Expression.Apply(ElementOperation.Or, positive, negative),
                (true, false) => positive,
                (false, true) => negative,
                // Nothing is asked for: never true.
                _ => Expression.Apply(ElementOperation.And, positive, negative),
            };
        })
        {
            TakesAsFloat = static type => type.IsSmallFloat(),
            ResultOfOthers = ElementType.Boolean,
        },
    ];

    private static PointwiseFunction Function(string type, int[] versions, ElementTypeSet types, ElementOperation operation) =>
        PointwiseFunction.Unary(type, versions, types, (_, x) => Expression.Apply(operation, x));
}
