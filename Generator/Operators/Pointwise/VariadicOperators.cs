using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators over any number of inputs, and Mod: Max, Min, Sum, Mean: https://onnx.ai/onnx/operators/onnx__Max.html and so on. From version 8 on the inputs
/// broadcast (before, their shapes are equal, which is a special case); Max and Min take integers from version 12 on. A NaN wins over numbers.
/// Mod: https://onnx.ai/onnx/operators/onnx__Mod.html; fmod = 0 is only defined for integers.
/// </summary>
internal static class VariadicOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        Function("Max", [1, 6, 8, 12, 13], ElementTypeSet.Numeric, Expression.Maximum),
        Function("Min", [1, 6, 8, 12, 13], ElementTypeSet.Numeric, Expression.Minimum),
        Function("Sum", [1, 6, 8, 13], ElementTypeSet.Floating, (left, right) => left + right),
        new PointwiseFunction("Mean", [1, 6, 8, 13], ElementTypeSet.Floating, 1, (_, inputs) =>
            Combine(inputs, (left, right) => left + right) / Expression.Constant(inputs.Count, inputs[0]!.Type)),
        PointwiseFunction.Binary("Mod", [10, 13], ElementTypeSet.Numeric, (node, dividend, divisor) =>
        {
            bool truncates = node.IntegerAttribute("fmod", 0) != 0;
            if (!truncates && dividend.Type.IsFloat())
            {
                throw new ModelException(node, "attribute 'fmod' must be 1 for floating-point numbers");
            }

            return Expression.Apply(truncates ? ElementOperation.Remainder : ElementOperation.Modulo, dividend, divisor);
        }),
    ];

    private static PointwiseFunction Function(string type, int[] versions, ElementTypeSet types, Func<Expression, Expression, Expression> combine) =>
        new(type, versions, types, 1, (_, inputs) => Combine(inputs, combine));

    private static Expression Combine(IReadOnlyList<Expression?> inputs, Func<Expression, Expression, Expression> combine) =>
        inputs.Select(input => input!).Aggregate(combine);
}
