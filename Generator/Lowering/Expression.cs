using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>
/// The value of one element of a loop, as a tree over the elements of its inputs. Trees may share nodes: an expression used twice is one local
/// variable in the generated code.
/// </summary>
internal abstract class Expression(ElementType type)
{
    /// <summary>Element type of the value.</summary>
    public ElementType Type { get; } = type;

    public abstract IReadOnlyList<Expression> Operands { get; }

    public static Expression Constant(double value, ElementType type) => new ConstantExpression(value, type);

    /// <summary>An operation on operands of one element type. Arithmetic on 16-bit floating-point numbers is float32 arithmetic whose result is rounded.</summary>
    public static Expression Apply(ElementOperation operation, params Expression[] operands)
    {
        if (operation == ElementOperation.Select || operands[0].Type is not (ElementType.Float16 or ElementType.BFloat16))
        {
            return new OperationExpression(operation, operation.ResultType(operands), operands);
        }

        Expression result = Apply(operation, [.. operands.Select(operand => Convert(operand, ElementType.Float32))]);
        return result.Type == ElementType.Float32 ? Convert(result, operands[0].Type) : result;
    }

    public static Expression Convert(Expression operand, ElementType type) =>
        operand.Type == type ? operand : new OperationExpression(ElementOperation.Convert, type, [operand]);

    public static Expression operator +(Expression left, Expression right) => Apply(ElementOperation.Add, left, right);

    public static Expression operator -(Expression left, Expression right) => Apply(ElementOperation.Subtract, left, right);

    public static Expression operator *(Expression left, Expression right) => Apply(ElementOperation.Multiply, left, right);

    public static Expression operator /(Expression left, Expression right) => Apply(ElementOperation.Divide, left, right);

    public static Expression operator -(Expression operand) => Apply(ElementOperation.Negate, operand);

    public static Expression Minimum(Expression left, Expression right) => Apply(ElementOperation.Minimum, left, right);

    public static Expression Maximum(Expression left, Expression right) => Apply(ElementOperation.Maximum, left, right);

    /// <summary><paramref name="whenTrue"/> where <paramref name="condition"/> (a boolean) holds, <paramref name="whenFalse"/> elsewhere.</summary>
    public static Expression Select(Expression condition, Expression whenTrue, Expression whenFalse) =>
        Apply(ElementOperation.Select, condition, whenTrue, whenFalse);
}

/// <summary>An element of one of the loop's inputs.</summary>
internal sealed class InputExpression(int input, ElementType type) : Expression(type)
{
    /// <summary>Index among the node's (later: the loop's) inputs.</summary>
    public int Input { get; } = input;

    public override IReadOnlyList<Expression> Operands => [];
}

/// <summary>A literal. Integers beyond 53 bits keep their exact value in <see cref="Integer"/>.</summary>
internal sealed class ConstantExpression : Expression
{
    public ConstantExpression(double value, ElementType type)
        : base(type)
    {
        Value = value;
        Integer = type.IsInteger() && value >= long.MinValue && value <= long.MaxValue ? (long)value : 0;
    }

    public ConstantExpression(long value, ElementType type)
        : base(type)
    {
        Value = value;
        Integer = value;
    }

    public double Value { get; }

    public long Integer { get; }

    public override IReadOnlyList<Expression> Operands => [];
}

/// <summary>An operation on other expressions.</summary>
internal sealed class OperationExpression(ElementOperation operation, ElementType type, IReadOnlyList<Expression> operands) : Expression(type)
{
    public ElementOperation Operation { get; } = operation;

    public override IReadOnlyList<Expression> Operands { get; } = operands;
}

/// <summary>The combination of an expression over a whole row; the same for all elements of the row.</summary>
internal sealed class ReductionExpression(ReductionKind kind, Expression operand) : Expression(operand.Type)
{
    public ReductionKind Kind { get; } = kind;

    public Expression Operand { get; } = operand;

    public override IReadOnlyList<Expression> Operands { get; } = [operand];
}

/// <summary>A size of the run, as a number: the same for all elements.</summary>
internal sealed class SizeExpression(Dimension size, ElementType type) : Expression(type)
{
    public Dimension Size { get; } = size;

    public override IReadOnlyList<Expression> Operands => [];
}
