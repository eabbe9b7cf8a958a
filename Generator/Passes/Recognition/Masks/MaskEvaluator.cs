using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>
/// Computes expressions case by case: where a result depends on an inequality or on an element that only the run knows, it goes on once for each possibility. Elements
/// that are not boolean are tried with 0, 1 and some other numbers, among them those that the expressions compare with.
/// </summary>
internal sealed class MaskEvaluator(MaskSpace space, IEnumerable<MaskExpression> expressions)
{
    private readonly IReadOnlyList<double> _constants = Constants(expressions);

    /// <summary>All cases of an expression, each with its result: a number or an integer of the indices; <see langword="null"/> for what is neither.</summary>
    public IEnumerable<(MaskPath Path, MaskExpression? Result)> Evaluate(MaskExpression expression, MaskPath path)
    {
        switch (expression)
        {
            case MaskNumber or MaskInteger:
                return [(path, expression)];
            case MaskInequality inequality:
                return Branch(inequality.Difference, path);
            case MaskElement element:
                return path.Element(element.Key) is { } known
                    ? [(path, new MaskNumber(known))]
                    : Probes(element.Source.ElementType).Select(value => (path.With(element, value), (MaskExpression?)new MaskNumber(value)));
            case MaskOperation { Operator: MaskOperator.Select } select:
                return Evaluate(select.Operands[0], path).SelectMany(condition => condition.Result is MaskNumber truth
                    ? Evaluate(select.Operands[truth.Value != 0 ? 1 : 2], condition.Path)
                    : [(condition.Path, null)]);
            case MaskOperation operation:
                return Combine(operation, 0, [], path);
            default:
                return [(path, null)];
        }
    }

    /// <summary>The values that an element is tried with; 0 and 1 first.</summary>
    public IReadOnlyList<double> Probes(ElementType type) =>
        type == ElementType.Boolean ? [0, 1]
        : [.. new double[] { 0, 1, 2, 7 }
            .Concat(type.IsSigned() || type.IsFloat() ? [-1] : Array.Empty<double>())
            .Concat(type.IsFloat() ? [0.5] : Array.Empty<double>())
            .Concat(_constants.Where(constant => type.IsFloat() || (constant == Math.Floor(constant) && (constant >= 0 || type.IsSigned()))))
            .Distinct()];

    private IEnumerable<(MaskPath Path, MaskExpression? Result)> Combine(MaskOperation operation, int index, MaskExpression[] operands, MaskPath path)
    {
        if (index == operation.Operands.Count)
        {
            // The result may be a comparison that is open again.
            MaskExpression? result = MaskArithmetic.TryApply(operation.Operator, operation.Type, operands, space);
            return result is null or MaskNumber or MaskInteger ? [(path, result)] : Evaluate(result, path);
        }

        return Evaluate(operation.Operands[index], path).SelectMany(operand => operand.Result is { } known
            ? Combine(operation, index + 1, [.. operands, known], operand.Path)
            : [(operand.Path, null)]);
    }

    private IEnumerable<(MaskPath Path, MaskExpression? Result)> Branch(Dimension difference, MaskPath path)
    {
        bool? known = path.Decide(difference, space);
        if (known != false)
        {
            yield return (known is null ? path.With(difference) : path, MaskExpression.True);
        }

        if (known != true)
        {
            yield return (known is null ? path.With(MaskPath.Opposite(difference)) : path, MaskExpression.False);
        }
    }

    /// <summary>Numbers that a comparison could be with, and their neighbours.</summary>
    private static IReadOnlyList<double> Constants(IEnumerable<MaskExpression> expressions)
    {
        var found = new SortedSet<double>();
        var pending = new Stack<MaskExpression>(expressions);
        while (pending.Count > 0)
        {
            switch (pending.Pop())
            {
                case MaskNumber number when Math.Abs(number.Value) < 1e6:
                    found.UnionWith([number.Value - 1, number.Value, number.Value + 1]);
                    break;
                case MaskOperation operation:
                    foreach (MaskExpression operand in operation.Operands)
                    {
                        pending.Push(operand);
                    }

                    break;
            }
        }

        return [.. found];
    }
}
