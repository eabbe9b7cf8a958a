using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Pow: https://onnx.ai/onnx/operators/onnx__Pow.html. The result has the base's element type. Version 7 brought multidirectional broadcasting, version 12
/// integer types and an exponent of a type of its own; 13 and 15 add types. Constant exponents become products, roots and quotients.
/// </summary>
internal sealed class PowerOperator : PointwiseOperator
{
    public static readonly IReadOnlyList<Operator> All = [new PowerOperator()];

    public override string Type => "Pow";

    public override IReadOnlyList<int> Versions => [1, 7, 12, 13, 15];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.Numeric.Require(node, 1);
        base.Infer(node, context);
    }

    public override Expression Express(Node node, IReadOnlyList<Expression?> inputs) =>
        PointwiseFunction.InFloat32(inputs, wide => Power(node, wide[0]!, wide[1]!));

    private static Expression Power(Node node, Expression number, Expression exponent)
    {
        if (number.Type.IsFloat() && ConstantElements.TryReadScalar(node.Input(1).Constant) is { } known && PowerOfConstant(number, known) is { } simple)
        {
            return simple;
        }

        if (number.Type.IsInteger() && exponent.Type.IsFloat())
        {
            // An integer to a fractional power is computed in float64 and truncated.
            return Expression.Convert(
                Expression.Apply(ElementOperation.Power, Expression.Convert(number, ElementType.Float64), Expression.Convert(exponent, ElementType.Float64)),
                number.Type);
        }

        return Expression.Apply(ElementOperation.Power, number, Expression.Convert(exponent, number.Type));
    }

    private static Expression? PowerOfConstant(Expression x, double exponent) => exponent switch
    {
        0 => Expression.Constant(1, x.Type),
        1 => x,
        2 => x * x,
        3 => x * x * x,
        4 => x * x * (x * x),
        -1 => Expression.Apply(ElementOperation.Reciprocal, x),
        // IEEE 754 wants pow(-inf, 0.5) = +inf where a square root gives NaN; no model relies on it, and a square root is many times faster.
        0.5 => Root(x),
        -0.5 => Expression.Apply(ElementOperation.Reciprocal, Root(x)),
        0.25 => Root(Root(x)),
        0.75 => ThreeQuarters(Root(x)),
        -0.75 => Expression.Apply(ElementOperation.Reciprocal, ThreeQuarters(Root(x))),
        1.5 => x * Root(x),
        _ => null,
    };

    private static Expression Root(Expression x) => Expression.Apply(ElementOperation.SquareRoot, x);

    /// <summary>x to the power of 3/4, as local response normalisation has it, from x's square root.</summary>
    private static Expression ThreeQuarters(Expression root) => root * Root(root);
}
