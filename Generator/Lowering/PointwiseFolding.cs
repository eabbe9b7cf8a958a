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
        ISet<int> used = UsedInputs(expression);
        if (used.Any(input => node.Inputs[input]!.Constant is not InlineConstant || !Folding.IsSupported(node.Inputs[input]!.ElementType))
            || !Folding.IsSupported(type.ElementType) || !type.Shape.IsStatic || type.Shape.ElementCount.Constant > Folding.MaximumElements)
        {
            return false;
        }

        long[] sizes = type.Shape.ToStatic();
        var inputs = node.Inputs.Select((input, index) => used.Contains(index) ? Folding.ReadElements((InlineConstant)input!.Constant!) : null).ToArray();
        var inputSizes = node.Inputs.Select((input, index) => used.Contains(index) ? input!.Shape.ToStatic() : []).ToArray();
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
                        operands[input] = elements[BroadcastIndex(index, sizes, inputSizes[input])];
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
        bool integral = type.ElementType.IsInteger() || type.ElementType == ElementType.Boolean;
        if (type.Rank > 1 || !type.Shape.IsStatic || !integral || UsedInputs(expression).Any(input => node.Inputs[input]!.Elements is null))
        {
            return;
        }

        var results = new Dimension[type.Shape.ElementCount.Constant];
        bool allowsOpen = results.Length <= MaximumOpenComparisons;
        for (int index = 0; index < results.Length; index++)
        {
            Dimension? element = Evaluate(expression, input => node.Inputs[input]!.Elements is { } elements ? elements[elements.Count == 1 ? 0 : index] : null, context.Symbols, allowsOpen);
            if (element is null)
            {
                return;
            }

            results[index] = element;
        }

        context.SetElements(node.Output, type, results);
    }

    /// <summary>Comparisons of open sizes become terms of their own; long lists of them are masks, which loops compute better.</summary>
    private const int MaximumOpenComparisons = 16;

    private static Dimension? Evaluate(Expression expression, Func<int, Dimension?> input, SymbolTable symbols, bool allowsOpen)
    {
        switch (expression)
        {
            case InputExpression element:
                return input(element.Input);
            case ConstantExpression constant when constant.Type.IsInteger():
                return constant.Integer;
            case OperationExpression { Operation: ElementOperation.Select } select:
                // Both choices need not be known where the condition is.
                return Evaluate(select.Operands[0], input, symbols, allowsOpen) switch
                {
                    null => null,
                    { Value: { } condition } => Evaluate(select.Operands[condition != 0 ? 1 : 2], input, symbols, allowsOpen),
                    { } open => Choose(open, Evaluate(select.Operands[1], input, symbols, allowsOpen), Evaluate(select.Operands[2], input, symbols, allowsOpen)),
                };
            case OperationExpression operation:
                Dimension?[] operands = [.. operation.Operands.Select(operand => operand.Type.IsFloat() ? null : Evaluate(operand, input, symbols, allowsOpen))];
                Dimension? result = operands.Any(operand => operand is null) ? null : Evaluate(operation, operands!, symbols);
                return result is null || result.IsStatic || allowsOpen || operation.Type != ElementType.Boolean ? result : null;
            default:
                return null;
        }
    }

    private static Dimension? Evaluate(OperationExpression operation, Dimension[] operands, SymbolTable symbols) => operation.Operation switch
    {
        ElementOperation.Convert when operation.Type == ElementType.Boolean => Not(Equal(operands[0], Dimension.Zero, symbols)),
        ElementOperation.Convert => operands[0],
        ElementOperation.Add => operands[0] + operands[1],
        ElementOperation.Subtract => operands[0] - operands[1],
        ElementOperation.Multiply => operands[0] * operands[1],
        ElementOperation.Negate => -operands[0],
        ElementOperation.Absolute => SymbolicMath.Maximum(operands[0], -operands[0], symbols),
        ElementOperation.Minimum => SymbolicMath.Minimum(operands[0], operands[1], symbols),
        ElementOperation.Maximum => SymbolicMath.Maximum(operands[0], operands[1], symbols),
        // Sizes are not negative, so rounding towards zero and towards minus infinity agree.
        ElementOperation.Divide when IsNonNegative(operands, symbols) => Dimension.FloorDivide(operands[0], operands[1]),
        ElementOperation.Modulo => Dimension.Modulo(operands[0], operands[1]),
        ElementOperation.Remainder when IsNonNegative(operands, symbols) => Dimension.Modulo(operands[0], operands[1]),
        ElementOperation.Equal => Equal(operands[0], operands[1], symbols),
        ElementOperation.Less => Less(operands[0], operands[1], symbols),
        ElementOperation.Greater => Less(operands[1], operands[0], symbols),
        ElementOperation.LessOrEqual => Not(Less(operands[1], operands[0], symbols)),
        ElementOperation.GreaterOrEqual => Not(Less(operands[0], operands[1], symbols)),
        ElementOperation.Not => Not(operands[0]),
        ElementOperation.And => operands[0] * operands[1],
        ElementOperation.Or => SymbolicMath.Maximum(operands[0], operands[1], symbols),
        _ => null,
    };

    private static bool IsNonNegative(Dimension[] operands, SymbolTable symbols) =>
        operands.All(operand => operand.Range(symbols.Range).Minimum >= 0);

    private static Dimension? Not(Dimension? truth) => truth is null ? null : Dimension.One - truth;

    private static Dimension? Choose(Dimension condition, Dimension? left, Dimension? right) =>
        left is null || right is null ? null : left == right ? left : right + condition * (left - right);

    // Truth values of open sizes are expressions that are 0 or 1.
    private static Dimension Equal(Dimension left, Dimension right, SymbolTable symbols)
    {
        Dimension difference = left - right;
        DimensionRange range = difference.Range(symbols.Range);
        if (left == right)
        {
            return Dimension.One;
        }

        if (range.Minimum > 0 || range.Maximum < 0)
        {
            return Dimension.Zero;
        }

        Dimension distance = SymbolicMath.Maximum(difference, -difference, symbols);
        return Dimension.One - SymbolicMath.Minimum(Dimension.One, distance, symbols);
    }

    private static Dimension Less(Dimension left, Dimension right, SymbolTable symbols) =>
        SymbolicMath.Minimum(Dimension.One, SymbolicMath.Maximum(Dimension.Zero, right - left, symbols), symbols);

    private static ISet<int> UsedInputs(Expression expression)
    {
        var used = new SortedSet<int>();
        var seen = new HashSet<Expression>();
        var pending = new Stack<Expression>([expression]);
        while (pending.Count > 0)
        {
            Expression current = pending.Pop();
            if (!seen.Add(current))
            {
                continue;
            }

            if (current is InputExpression input)
            {
                used.Add(input.Input);
            }

            foreach (Expression operand in current.Operands)
            {
                pending.Push(operand);
            }
        }

        return used;
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
