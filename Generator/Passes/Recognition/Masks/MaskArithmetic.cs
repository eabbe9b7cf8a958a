using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Computes operations whose operands are known: numbers, and integers that follow from indices and sizes.</summary>
internal static class MaskArithmetic
{
    /// <summary>Beyond this not every integer is a double.</summary>
    private const double ExactIntegers = 9e15;

    /// <summary>The result as a number, an integer, or a choice between these by inequalities; <see langword="null"/> where it is none of these.</summary>
    public static MaskExpression? TryApply(MaskOperator operation, ElementType type, IReadOnlyList<MaskExpression> operands, MaskSpace space)
    {
        if (operands.All(operand => operand is MaskNumber))
        {
            return ApplyNumbers(operation, type, [.. operands.Select(operand => ((MaskNumber)operand).Value)]);
        }

        if (operation == MaskOperator.Select)
        {
            return operands[0] is MaskNumber condition ? operands[condition.Value != 0 ? 1 : 2] : null;
        }

        // Against an infinity every integer is the same.
        if (operation == MaskOperator.Less && operands.Any(operand => operand is MaskNumber number && double.IsInfinity(number.Value)))
        {
            return operands[0] is MaskNumber ? Truth(((MaskNumber)operands[0]).Value < 0) : Truth(((MaskNumber)operands[1]).Value > 0);
        }

        Dimension?[] integers = [.. operands.Select(AsInteger)];
        return integers.Any(integer => integer is null) ? null : ApplyIntegers(operation, type, integers!, space);
    }

    public static MaskNumber Truth(bool truth) => (MaskNumber)(truth ? MaskExpression.True : MaskExpression.False);

    /// <summary>Whether a difference is at least 0, decided where that can be proven.</summary>
    public static MaskExpression NonNegative(Dimension difference, MaskSpace space) =>
        space.IsNonNegative(difference) ? MaskExpression.True
        : space.IsNonNegative(-difference - Dimension.One) ? MaskExpression.False
        : new MaskInequality(difference);

    /// <summary>An integer expression, or <see langword="null"/> for what is none.</summary>
    public static Dimension? AsInteger(MaskExpression expression) => expression switch
    {
        MaskInteger integer => integer.Value,
        MaskNumber number when number.Value == Math.Floor(number.Value) && Math.Abs(number.Value) < ExactIntegers => (long)number.Value,
        _ => null,
    };

    /// <summary>An integer as the simplest expression.</summary>
    public static MaskExpression Integer(Dimension value) => value.Value is { } known ? new MaskNumber(known) : new MaskInteger(value);

    private static MaskExpression? ApplyIntegers(MaskOperator operation, ElementType type, Dimension[] operands, MaskSpace space)
    {
        switch (operation)
        {
            case MaskOperator.Add:
                return Integer(operands[0] + operands[1]);
            case MaskOperator.Subtract:
                return Integer(operands[0] - operands[1]);
            case MaskOperator.Multiply:
                return Integer(operands[0] * operands[1]);
            case MaskOperator.Negate:
                return Integer(-operands[0]);
            case MaskOperator.Minimum:
                return Choose(operands[1] - operands[0], operands[0], operands[1], space);
            case MaskOperator.Maximum:
                return Choose(operands[0] - operands[1], operands[0], operands[1], space);
            case MaskOperator.Absolute:
                return Choose(operands[0], operands[0], -operands[0], space);
            case MaskOperator.Convert when type != ElementType.Boolean:
                return Integer(operands[0]);
            case MaskOperator.Less:
                return NonNegative(operands[1] - operands[0] - Dimension.One, space);
            case MaskOperator.Equal:
                return And(NonNegative(operands[0] - operands[1], space), NonNegative(operands[1] - operands[0], space));
            case MaskOperator.ToBoolean:
                MaskExpression isZero = And(NonNegative(operands[0], space), NonNegative(-operands[0], space));
                return isZero is MaskNumber known ? Truth(known.Value == 0) : new MaskOperation(MaskOperator.Not, ElementType.Boolean, [isZero]);
            case MaskOperator.IsNaN:
                return MaskExpression.False;
            default:
                return null;
        }
    }

    /// <summary>The first integer where a difference is at least 0, else the second.</summary>
    private static MaskExpression Choose(Dimension difference, Dimension first, Dimension second, MaskSpace space) => NonNegative(difference, space) switch
    {
        MaskNumber known => Integer(known.Value != 0 ? first : second),
        MaskExpression condition => new MaskOperation(MaskOperator.Select, ElementType.Int64, [condition, Integer(first), Integer(second)]),
    };

    private static MaskExpression And(MaskExpression left, MaskExpression right) =>
        left is MaskNumber a ? (a.Value != 0 ? right : left)
        : right is MaskNumber b ? (b.Value != 0 ? left : right)
        : new MaskOperation(MaskOperator.And, ElementType.Boolean, [left, right]);

    private static MaskNumber? ApplyNumbers(MaskOperator operation, ElementType type, double[] operands) => operation switch
    {
        MaskOperator.Add => Round(operands[0] + operands[1], type),
        MaskOperator.Subtract => Round(operands[0] - operands[1], type),
        MaskOperator.Multiply => Round(operands[0] * operands[1], type),
        MaskOperator.Divide when type.IsFloat() => Round(operands[0] / operands[1], type),
        MaskOperator.Divide => operands[1] == 0 ? null : new MaskNumber(Math.Truncate(operands[0] / operands[1])),
        MaskOperator.Minimum => new MaskNumber(Math.Min(operands[0], operands[1])),
        MaskOperator.Maximum => new MaskNumber(Math.Max(operands[0], operands[1])),
        MaskOperator.Negate => new MaskNumber(-operands[0]),
        MaskOperator.Absolute => new MaskNumber(Math.Abs(operands[0])),
        MaskOperator.Equal => Truth(operands[0] == operands[1]),
        MaskOperator.Less => Truth(operands[0] < operands[1]),
        MaskOperator.And => Truth(operands[0] != 0 && operands[1] != 0),
        MaskOperator.Or => Truth(operands[0] != 0 || operands[1] != 0),
        MaskOperator.Xor => Truth((operands[0] != 0) != (operands[1] != 0)),
        MaskOperator.Not => Truth(operands[0] == 0),
        MaskOperator.Select => new MaskNumber(operands[operands[0] != 0 ? 1 : 2]),
        MaskOperator.ToBoolean => Truth(operands[0] != 0),
        MaskOperator.IsNaN => Truth(double.IsNaN(operands[0])),
        _ => type.IsFloat() ? Round(operands[0], type)
            : double.IsNaN(operands[0]) || double.IsInfinity(operands[0]) ? null
            : new MaskNumber(Math.Truncate(operands[0])),
    };

    /// <summary>A result as the type holds it: what is finite in double may be infinite in half precision.</summary>
    public static MaskNumber Round(double value, ElementType type) => new(type switch
    {
        ElementType.Float32 => (float)value,
        ElementType.Float16 => HalfPrecision.ToDouble(HalfPrecision.FromDouble(value)),
        ElementType.BFloat16 => HalfPrecision.BrainToSingle(HalfPrecision.BrainFromSingle((float)value)),
        _ => value,
    });
}
