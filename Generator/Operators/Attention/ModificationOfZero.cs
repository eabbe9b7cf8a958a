using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>What an <see cref="AttentionModification"/> makes of an element that is 0: a number, something of limited size, or anything.</summary>
/// <param name="bounds">How large the elements of the node's tensors are at most.</param>
internal sealed class ModificationOfZero(IReadOnlyList<double> bounds)
{
    /// <summary>Indices are less.</summary>
    private const double LargestIndex = 1L << 31;

    /// <summary>What is less is finite in float32 too, however it was rounded on the way.</summary>
    private const double LargestNumber = 1e37;

    private static readonly Outcome Anything = new(null, double.PositiveInfinity);

    private readonly Dictionary<Expression, Outcome> _known = [];

    public Outcome Evaluate(Expression expression)
    {
        if (!_known.TryGetValue(expression, out Outcome outcome))
        {
            outcome = EvaluateAnew(expression);
            _known[expression] = outcome = outcome.Bound <= LargestNumber ? outcome : outcome with { Bound = double.PositiveInfinity };
        }

        return outcome;
    }

    private Outcome EvaluateAnew(Expression expression)
    {
        switch (expression)
        {
            case InputExpression { Input: 0 }:
                return Number(0);
            case InputExpression { Input: < AttentionModification.FirstTensor } or SizeExpression:
                return new Outcome(null, LargestIndex);
            case InputExpression tensor:
                int index = tensor.Input - AttentionModification.FirstTensor;
                return index < bounds.Count ? new Outcome(null, bounds[index]) : Anything;
            case ConstantExpression constant:
                return Number(constant.Value);
            case OperationExpression operation:
                Outcome[] operands = [.. operation.Operands.Select(Evaluate)];
                return operands.All(static operand => operand.Number is not null) ? Fold(operation, operands) : Combine(operation.Operation, operands);
            default:
                return Anything;
        }
    }

    private static Outcome Combine(ElementOperation operation, Outcome[] operands)
    {
        (Outcome first, Outcome second) = (operands[0], operands[operands.Length > 1 ? 1 : 0]);
        switch (operation)
        {
            case ElementOperation.Multiply when (first.Number == 0 && second.IsFinite) || (second.Number == 0 && first.IsFinite):
                return Number(0);
            case ElementOperation.Multiply:
                return new Outcome(null, first.Bound * second.Bound);
            case ElementOperation.Add or ElementOperation.Subtract:
                return new Outcome(null, first.Bound + second.Bound);
            case ElementOperation.Minimum or ElementOperation.Maximum:
                return new Outcome(null, Math.Max(first.Bound, second.Bound));
            case ElementOperation.Negate or ElementOperation.Absolute:
                return first;
            case ElementOperation.Sine or ElementOperation.Cosine or ElementOperation.HyperbolicTangent or ElementOperation.Sigmoid or ElementOperation.Erf when first.IsFinite:
                return new Outcome(null, 1);
            case ElementOperation.And when first.Number == 0 || second.Number == 0:
                return Number(0);
            case ElementOperation.Or when first.Number == 1 || second.Number == 1:
                return Number(1);
            case ElementOperation.Select when first.Number is { } truth:
                return truth != 0 ? second : operands[2];
            case ElementOperation.Select:
                Outcome third = operands[2];
                return second.Number is not null && second.Number == third.Number ? second : new Outcome(null, Math.Max(second.Bound, third.Bound));
            default:
                return Anything;
        }
    }

    /// <summary>An operation on numbers.</summary>
    private static Outcome Fold(OperationExpression operation, Outcome[] operands)
    {
        Expression[] literals = [.. operands.Select((operand, index) => Expression.Constant(operand.Number!.Value, operation.Operands[index].Type))];
        try
        {
            ElementEvaluator.Element element = ElementEvaluator.Evaluate(new OperationExpression(operation.Operation, operation.Type, literals), []);
            return Number(operation.Type == ElementType.Boolean ? element.Integer : element.Float);
        }
        catch (NotSupportedException)
        {
            // A function without a value at build time.
            return Anything;
        }
    }

    private static Outcome Number(double value) => new(value, double.IsNaN(value) ? double.PositiveInfinity : Math.Abs(value));

    /// <summary>What an expression may be.</summary>
    /// <param name="Number">The number, or truth as 0 or 1, where it is one.</param>
    /// <param name="Bound">How large it is at most; infinity also where it may be no number.</param>
    internal readonly record struct Outcome(double? Number, double Bound)
    {
        public bool IsFinite => !double.IsInfinity(Bound);
    }
}
