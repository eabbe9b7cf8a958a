using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>Computes pointwise operators at build time: constants element by element, shape arithmetic as expressions over symbols.</summary>
internal static class PointwiseFolding
{
    /// <summary>Sets the node's output as a constant or as known elements where its inputs allow it.</summary>
    public static void Fold(Node node, Expression expression, InferenceContext context)
    {
        if (!TryFoldConstants(node, expression, context))
        {
            TryFoldElements(node, expression, context);
        }
    }

    private static bool TryFoldConstants(Node node, Expression expression, InferenceContext context)
    {
        TensorType type = node.Output.RequiredType;
        if (node.Inputs.Any(input => input is not null && (input.Constant is not InlineConstant || !Folding.IsSupported(input.ElementType)))
            || !Folding.IsSupported(type.ElementType) || !type.Shape.IsStatic || type.Shape.ElementCount.Constant > Folding.MaximumElements)
        {
            return false;
        }

        long[] sizes = type.Shape.ToStatic();
        var inputs = node.Inputs.Select(input => input is null ? null : Folding.ReadElements((InlineConstant)input.Constant!)).ToArray();
        var results = new ElementEvaluator.Element[type.Shape.ElementCount.Constant];
        var operands = new ElementEvaluator.Element[inputs.Length];
        try
        {
            for (long index = 0; index < results.Length; index++)
            {
                for (int input = 0; input < inputs.Length; input++)
                {
                    if (inputs[input] is { } elements)
                    {
                        operands[input] = elements[BroadcastIndex(index, sizes, node.Inputs[input]!.Shape.ToStatic())];
                    }
                }

                results[index] = ElementEvaluator.Evaluate(expression, operands);
            }
        }
        catch (NotSupportedException)
        {
            return false;
        }

        context.SetConstant(node.Output, Folding.FromElements(results, type));
        return true;
    }

    private static void TryFoldElements(Node node, Expression expression, InferenceContext context)
    {
        TensorType type = node.Output.RequiredType;
        if (type.Rank > 1 || !type.Shape.IsStatic || !type.ElementType.IsInteger() || node.Inputs.Any(input => input is not null && input.Elements is null))
        {
            return;
        }

        var results = new Dimension[type.Shape.ElementCount.Constant];
        for (int index = 0; index < results.Length; index++)
        {
            Dimension? element = Evaluate(expression, input => node.Inputs[input]!.Elements is { } elements ? elements[elements.Count == 1 ? 0 : index] : null);
            if (element is null)
            {
                return;
            }

            results[index] = element;
        }

        context.SetElements(node.Output, type, results);
    }

    private static Dimension? Evaluate(Expression expression, Func<int, Dimension?> input)
    {
        switch (expression)
        {
            case InputExpression element:
                return input(element.Input);
            case ConstantExpression constant when constant.Type.IsInteger():
                return constant.Integer;
            case OperationExpression operation:
                Dimension?[] operands = [.. operation.Operands.Select(operand => operand.Type.IsInteger() ? Evaluate(operand, input) : null)];
                if (operands.Any(operand => operand is null))
                {
                    return null;
                }

                return operation.Operation switch
                {
                    ElementOperation.Convert => operands[0],
                    ElementOperation.Add => operands[0]! + operands[1]!,
                    ElementOperation.Subtract => operands[0]! - operands[1]!,
                    ElementOperation.Multiply => operands[0]! * operands[1]!,
                    ElementOperation.Negate => -operands[0]!,
                    ElementOperation.Minimum => Dimension.Minimum(operands[0]!, operands[1]!),
                    ElementOperation.Maximum => Dimension.Maximum(operands[0]!, operands[1]!),
                    // Sizes are not negative, so rounding towards zero and towards minus infinity agree.
                    ElementOperation.Divide => Dimension.FloorDivide(operands[0]!, operands[1]!),
                    ElementOperation.Remainder or ElementOperation.Modulo => Dimension.Modulo(operands[0]!, operands[1]!),
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static long BroadcastIndex(long index, long[] sizes, long[] inputSizes)
    {
        long result = 0;
        long stride = 1;
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            long coordinate = index % sizes[axis];
            index /= sizes[axis];
            int inputAxis = axis - (sizes.Length - inputSizes.Length);
            if (inputAxis >= 0)
            {
                result += inputSizes[inputAxis] == 1 ? 0 : coordinate * stride;
                stride *= inputSizes[inputAxis];
            }
        }

        return result;
    }
}
