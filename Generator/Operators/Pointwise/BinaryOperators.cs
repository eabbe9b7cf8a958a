using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Comparisons, logical and bitwise operators: Equal, Less, LessOrEqual, Greater, GreaterOrEqual, And, Or, Xor, Not, BitwiseAnd, BitwiseOr, BitwiseXor,
/// BitwiseNot, BitShift: https://onnx.ai/onnx/operators/onnx__Equal.html and so on. Version 7 brought multidirectional broadcasting (older nodes are
/// rewritten by the version upgrade); later versions add element types, among them strings (Equal 19).
/// </summary>
internal static class BinaryOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        PointwiseFunction.Binary("Equal", [1, 7, 11, 13, 19], ElementTypeSet.NumericBooleanOrText, (node, left, right) => left.Type == ElementType.String && node.Version < 19
            ? throw ModelException.Unsupported(node, $"strings are compared from version 19 on, and this is version {node.Version}")
            : Expression.Apply(ElementOperation.Equal, left, right)),
        Function("Less", [1, 7, 9, 13], ElementTypeSet.Numeric, ElementOperation.Less),
        Function("LessOrEqual", [12, 16], ElementTypeSet.Numeric, ElementOperation.LessOrEqual),
        Function("Greater", [1, 7, 9, 13], ElementTypeSet.Numeric, ElementOperation.Greater),
        Function("GreaterOrEqual", [12, 16], ElementTypeSet.Numeric, ElementOperation.GreaterOrEqual),
        Function("And", [1, 7], ElementTypeSet.Booleans, ElementOperation.And),
        Function("Or", [1, 7], ElementTypeSet.Booleans, ElementOperation.Or),
        Function("Xor", [1, 7], ElementTypeSet.Booleans, ElementOperation.Xor),
        PointwiseFunction.Unary("Not", [1], ElementTypeSet.Booleans, (_, x) => Expression.Apply(ElementOperation.Not, x)),
        Function("BitwiseAnd", [18], ElementTypeSet.Integers, ElementOperation.BitwiseAnd),
        Function("BitwiseOr", [18], ElementTypeSet.Integers, ElementOperation.BitwiseOr),
        Function("BitwiseXor", [18], ElementTypeSet.Integers, ElementOperation.BitwiseXor),
        PointwiseFunction.Unary("BitwiseNot", [18], ElementTypeSet.Integers, (_, x) => Expression.Apply(ElementOperation.BitwiseNot, x)),
        PointwiseFunction.Binary("BitShift", [11], ElementTypeSet.Integers, (node, x, amount) => Expression.Apply(
            node.StringAttribute("direction", "") switch
            {
                "LEFT" => ElementOperation.ShiftLeft,
                "RIGHT" => ElementOperation.ShiftRight,
                string other => throw new ModelException(node, $"attribute 'direction' is '{other}'; it must be 'LEFT' or 'RIGHT'"),
            },
            x,
            amount)),
    ];

    private static PointwiseFunction Function(string type, int[] versions, ElementTypeSet types, ElementOperation operation) =>
        PointwiseFunction.Binary(type, versions, types, (_, left, right) => Expression.Apply(operation, left, right));
}
