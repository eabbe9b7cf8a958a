using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Loops over integers of up to 32 bits and 16-bit floating-point numbers as vector code on float32: elements are converted as they are loaded and stored. What an expression
/// computes between is float32 already; a conversion to a narrow type and back in the middle is left out where it changes nothing, and becomes a rounding elsewhere.
/// </summary>
internal static class NarrowStreams
{
    /// <summary>Whether elements of the type can be loaded as float32 lanes.</summary>
    public static bool CanLoad(ElementType type) => type == ElementType.Int32 || CanStore(type);

    /// <summary>Whether float32 lanes can be stored as elements of the type.</summary>
    public static bool CanStore(ElementType type) => type is ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16;

    /// <summary>A conversion to float32 that a load does.</summary>
    public static bool IsLoad(Node node) =>
        node is { Domain: "", Type: "Cast", Output.ElementType: ElementType.Float32 } && CanLoad(node.Input(0).ElementType);

    /// <summary>A conversion from float32 that a store does: to 16-bit floating-point numbers, or of whole numbers within the range of an integer type.</summary>
    public static bool IsStore(Node node) =>
        node is { Domain: "", Type: "Cast" } && node.Input(0).ElementType == ElementType.Float32 && CanStore(node.Output.ElementType)
        && (node.Output.ElementType.IsFloat() || (node.Input(0).Producer is { Domain: "", Type: "Clip" } clip && IsWithin(clip, node.Output.ElementType) && IsWhole(clip.Input(0))));

    /// <summary>The loop on float32 lanes, or the loop itself where it has no such form.</summary>
    public static LoopNest Widen(LoopNest nest)
    {
        if (LoopWriter.IsVectorizable(nest))
        {
            return nest;
        }

        if (Widen(nest.Result) is not { } result || !(result.Type == ElementType.Float32) || (nest.Result.Type != ElementType.Float32 && !CanStore(nest.Result.Type)))
        {
            return nest;
        }

        var widened = new LoopNest
        {
            RowSizes = nest.RowSizes,
            InnerSizes = nest.InnerSizes,
            Inputs = nest.Inputs,
            Output = nest.Output,
            Result = result,
            Reduces = nest.Reduces,
            StoresRows = nest.StoresRows,
        };
        return LoopWriter.IsVectorizable(widened) ? widened : nest;
    }

    /// <summary>A stored element as float32, over inputs as float32; the store converts it. Null where that would change it.</summary>
    public static Expression? Widen(Expression expression)
    {
        var widened = new Dictionary<Expression, Expression?>();
        Dictionary<int, InputExpression> inputs = [];
        return expression is OperationExpression { Operation: ElementOperation.Convert } store && store.Operands[0].Type == ElementType.Float32 && CanStore(store.Type)
            ? (store.Type.IsFloat() || IsWholeWithin(store.Operands[0], store.Type) ? Visit(store.Operands[0]) : null)
            : Visit(expression);

        Expression? Visit(Expression current)
        {
            if (!widened.TryGetValue(current, out Expression? result))
            {
                result = Make(current);
                widened[current] = result;
            }

            return result;
        }

        Expression? Make(Expression current)
        {
            switch (current)
            {
                case InputExpression input when CanLoad(input.Type):
                    return Input(input);
                case ConstantExpression constant when constant.Type is ElementType.Float16 or ElementType.BFloat16:
                    return new ConstantExpression(ElementEvaluator.Round(constant.Type, constant.Value, 0).Float, ElementType.Float32);
                case InputExpression or ConstantExpression or SizeExpression:
                    return current.Type == ElementType.Float32 ? current : null;
                case ReductionExpression reduction:
                    return reduction.Type == ElementType.Float32 && Visit(reduction.Operand) is { } operand ? new ReductionExpression(reduction.Kind, operand) : null;
                case OperationExpression { Operation: ElementOperation.Convert } convert:
                    return Converted(convert);
                case OperationExpression operation when operation.Type is ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Boolean:
                    Expression?[] operands = [.. operation.Operands.Select(Visit)];
                    return operands.Any(visited => visited is null) ? null
                        : new OperationExpression(operation.Operation, operation.Type == ElementType.Boolean ? ElementType.Boolean : ElementType.Float32, operands!);
                default:
                    return null;
            }
        }

        Expression? Converted(OperationExpression convert)
        {
            Expression operand = convert.Operands[0];
            if (Visit(operand) is not { Type: ElementType.Float32 } inner)
            {
                return null;
            }

            return convert.Type switch
            {
                ElementType.Float32 => inner,
                ElementType.Float16 when operand.Type == ElementType.Float32 => new OperationExpression(ElementOperation.RoundToHalf, ElementType.Float32, [inner]),
                ElementType.BFloat16 when operand.Type == ElementType.Float32 => new OperationExpression(ElementOperation.RoundToBFloat16, ElementType.Float32, [inner]),
                _ when operand.Type == ElementType.Float32 && IsWholeWithin(operand, convert.Type) => inner,
                _ => null,
            };
        }

        InputExpression Input(InputExpression input)
        {
            if (!inputs.TryGetValue(input.Input, out InputExpression? wide))
            {
                wide = new InputExpression(input.Input, ElementType.Float32);
                inputs[input.Input] = wide;
            }

            return wide;
        }
    }

    /// <summary>Whether a float32 expression is a whole number in the range of an integer type: clamped there, and rounded before.</summary>
    private static bool IsWholeWithin(Expression expression, ElementType type) =>
        QuantizedRange.TryFind(type) is { } range
        && expression is OperationExpression { Operation: ElementOperation.Minimum } minimum && Bound(minimum) <= range.High && Free(minimum) is { } below
        && below is OperationExpression { Operation: ElementOperation.Maximum } maximum && Bound(maximum) >= range.Low && IsWhole(expression);

    private static double? Bound(OperationExpression limit) => limit.Operands.OfType<ConstantExpression>().FirstOrDefault()?.Value;

    private static Expression? Free(OperationExpression limit) => limit.Operands.FirstOrDefault(operand => operand is not ConstantExpression);

    private static bool IsWhole(Expression expression) => expression switch
    {
        ConstantExpression constant => constant.Value == Math.Floor(constant.Value),
        InputExpression input => input.Type.IsInteger(),
        OperationExpression { Operation: ElementOperation.Round or ElementOperation.Floor or ElementOperation.Ceiling } => true,
        OperationExpression { Operation: ElementOperation.Convert } convert => convert.Operands[0].Type.IsInteger(),
        OperationExpression { Operation: ElementOperation.Add or ElementOperation.Subtract or ElementOperation.Minimum or ElementOperation.Maximum } operation => operation.Operands.All(IsWhole),
        _ => false,
    };

    private static bool IsWithin(Node clip, ElementType type) =>
        QuantizedRange.TryFind(type) is { } range && Scalar(clip.OptionalInput(1)) >= range.Low && Scalar(clip.OptionalInput(2)) <= range.High;

    private static double? Scalar(Value? value) => ConstantElements.TryReadScalar(value?.Constant);

    private static bool IsWhole(Value value) =>
        value.Constant is InlineConstant constant ? ConstantElements.ReadDoubles(constant).All(number => number == Math.Floor(number))
        : value.Producer is { Domain: "" } producer && producer.Type switch
        {
            "Round" or "Floor" or "Ceil" => true,
            "Cast" => producer.Input(0).ElementType.IsInteger(),
            "Add" or "Sub" => IsWhole(producer.Input(0)) && IsWhole(producer.Input(1)),
            _ => false,
        };
}
