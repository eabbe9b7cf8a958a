using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Computes an <see cref="Expression"/> at build time with the arithmetic of its element types: float32 rounds after every operation, integers wrap.</summary>
internal static class ElementEvaluator
{
    /// <summary>An element: <see cref="Float"/> for floating-point types, <see cref="Integer"/> for integers, booleans (0 or 1) and strings (their handles).</summary>
    internal readonly struct Element(double number, long integer)
    {
        public double Float { get; } = number;

        public long Integer { get; } = integer;

        public bool Truth => Integer != 0;
    }

    /// <summary>Evaluates for given input elements; throws <see cref="NotSupportedException"/> for types that have no arithmetic here.</summary>
    public static Element Evaluate(Expression expression, IReadOnlyList<Element> inputs) => expression switch
    {
        InputExpression input => inputs[input.Input],
        ConstantExpression constant => Round(expression.Type, constant.Type.IsFloat() ? constant.Value : 0, constant.Type.IsFloat() ? 0 : constant.Type == ElementType.Boolean ? (long)constant.Value : constant.Integer),
        OperationExpression operation => Evaluate(operation, [.. operation.Operands.Select(operand => Evaluate(operand, inputs))]),
        _ => throw new NotSupportedException(expression.GetType().Name),
    };

    /// <summary>Rounds a number to an element type.</summary>
    public static Element Round(ElementType type, double number, long integer) => type switch
    {
        ElementType.Float64 => new(number, 0),
        ElementType.Float32 => new((float)number, 0),
        ElementType.Float16 => new(HalfPrecision.ToDouble(HalfPrecision.FromDouble(number)), 0),
        ElementType.BFloat16 => new(HalfPrecision.BrainToSingle(HalfPrecision.BrainFromSingle((float)number)), 0),
        ElementType.Int64 or ElementType.UInt64 or ElementType.String => new(0, integer),
        ElementType.Int32 => new(0, unchecked((int)integer)),
        ElementType.UInt32 => new(0, unchecked((uint)integer)),
        ElementType.Int16 => new(0, unchecked((short)integer)),
        ElementType.UInt16 => new(0, unchecked((ushort)integer)),
        ElementType.Int8 => new(0, unchecked((sbyte)integer)),
        ElementType.UInt8 => new(0, unchecked((byte)integer)),
        ElementType.Boolean => new(0, integer != 0 ? 1 : 0),
        _ => throw new NotSupportedException($"Arithmetic on {type.OnnxName()} at build time."),
    };

    private static Element Evaluate(OperationExpression operation, Element[] operands)
    {
        ElementType operandType = operation.Operands[0].Type;
        switch (operation.Operation)
        {
            case ElementOperation.Convert:
                return Convert(operands[0], operandType, operation.Type);
            case ElementOperation.Select:
                return operands[0].Truth ? operands[1] : operands[2];
            case ElementOperation.Not:
                return new(0, operands[0].Truth ? 0 : 1);
        }

        return operandType.IsFloat() ? EvaluateFloat(operation, operands) : EvaluateInteger(operation, operands);
    }

    private static Element EvaluateFloat(OperationExpression operation, Element[] operands)
    {
        double a = operands[0].Float;
        double b = operands.Length > 1 ? operands[1].Float : 0;
        bool? truth = operation.Operation switch
        {
            ElementOperation.Equal => a == b,
            ElementOperation.Less => a < b,
            ElementOperation.LessOrEqual => a <= b,
            ElementOperation.Greater => a > b,
            ElementOperation.GreaterOrEqual => a >= b,
            ElementOperation.IsNaN => double.IsNaN(a),
            ElementOperation.IsPositiveInfinity => double.IsPositiveInfinity(a),
            ElementOperation.IsNegativeInfinity => double.IsNegativeInfinity(a),
            _ => null,
        };
        return truth is { } known ? new(0, known ? 1 : 0) : Round(operation.Type, Arithmetic(operation.Operation, a, b), 0);
    }

    private static double Arithmetic(ElementOperation operation, double a, double b) => operation switch
    {
        ElementOperation.Add => a + b,
        ElementOperation.Subtract => a - b,
        ElementOperation.Multiply => a * b,
        ElementOperation.Divide => a / b,
        ElementOperation.Minimum => Math.Min(a, b),
        ElementOperation.Maximum => Math.Max(a, b),
        ElementOperation.Power => Math.Pow(a, b),
        ElementOperation.Remainder => a % b,
        ElementOperation.Modulo => a - Math.Floor(a / b) * b,
        ElementOperation.Negate => -a,
        ElementOperation.Absolute => Math.Abs(a),
        ElementOperation.Sign => double.IsNaN(a) ? a : Math.Sign(a),
        ElementOperation.Reciprocal => 1 / a,
        ElementOperation.Floor => Math.Floor(a),
        ElementOperation.Ceiling => Math.Ceiling(a),
        ElementOperation.Round => Math.Round(a, MidpointRounding.ToEven),
        ElementOperation.SquareRoot => Math.Sqrt(a),
        ElementOperation.Exponential => Math.Exp(a),
        ElementOperation.Logarithm => Math.Log(a),
        ElementOperation.Sine => Math.Sin(a),
        ElementOperation.Cosine => Math.Cos(a),
        ElementOperation.Tangent => Math.Tan(a),
        ElementOperation.ArcSine => Math.Asin(a),
        ElementOperation.ArcCosine => Math.Acos(a),
        ElementOperation.ArcTangent => Math.Atan(a),
        ElementOperation.HyperbolicSine => Math.Sinh(a),
        ElementOperation.HyperbolicCosine => Math.Cosh(a),
        ElementOperation.HyperbolicTangent => Math.Tanh(a),
        ElementOperation.Sigmoid => 1 / (1 + Math.Exp(-a)),
        _ => throw new NotSupportedException($"{operation} at build time."),
    };

    private static Element EvaluateInteger(OperationExpression operation, Element[] operands)
    {
        long a = operands[0].Integer;
        long b = operands.Length > 1 ? operands[1].Integer : 0;
        bool unsigned = operation.Operands[0].Type == ElementType.UInt64;
        int order = unsigned ? unchecked((ulong)a).CompareTo(unchecked((ulong)b)) : a.CompareTo(b);
        return operation.Operation switch
        {
            ElementOperation.Equal => Truth(order == 0),
            ElementOperation.Less => Truth(order < 0),
            ElementOperation.LessOrEqual => Truth(order <= 0),
            ElementOperation.Greater => Truth(order > 0),
            ElementOperation.GreaterOrEqual => Truth(order >= 0),
            ElementOperation.And => Truth(a != 0 && b != 0),
            ElementOperation.Or => Truth(a != 0 || b != 0),
            ElementOperation.Xor => Truth(a != 0 != (b != 0)),
            ElementOperation.IsNaN or ElementOperation.IsPositiveInfinity or ElementOperation.IsNegativeInfinity => Truth(false),
            ElementOperation.Minimum => order < 0 ? operands[0] : operands[1],
            ElementOperation.Maximum => order > 0 ? operands[0] : operands[1],
            _ => Round(operation.Type, 0, Arithmetic(operation.Operation, a, b, unsigned)),
        };
    }

    private static long Arithmetic(ElementOperation operation, long a, long b, bool unsigned) => unchecked(operation switch
    {
        ElementOperation.Add => a + b,
        ElementOperation.Subtract => a - b,
        ElementOperation.Multiply => a * b,
        ElementOperation.Divide when b == 0 => throw new NotSupportedException("division by zero at build time"),
        ElementOperation.Divide => unsigned ? (long)((ulong)a / (ulong)b) : b == -1 ? -a : a / b,
        ElementOperation.Remainder or ElementOperation.Modulo when b == 0 => throw new NotSupportedException("division by zero at build time"),
        ElementOperation.Remainder => unsigned ? (long)((ulong)a % (ulong)b) : b == -1 ? 0 : a % b,
        ElementOperation.Modulo => unsigned ? (long)((ulong)a % (ulong)b) : b == -1 ? 0 : ((a % b) + b) % b,
        ElementOperation.Power => (long)Math.Pow(a, b),
        ElementOperation.Negate => -a,
        ElementOperation.Absolute => a < 0 && !unsigned ? -a : a,
        ElementOperation.Sign => unsigned ? (a != 0 ? 1 : 0) : Math.Sign(a),
        ElementOperation.BitwiseAnd => a & b,
        ElementOperation.BitwiseOr => a | b,
        ElementOperation.BitwiseXor => a ^ b,
        ElementOperation.BitwiseNot => ~a,
        ElementOperation.ShiftLeft => b > 63 ? 0 : a << (int)b,
        ElementOperation.ShiftRight => b > 63 ? 0 : (long)((ulong)a >> (int)b),
        ElementOperation.Floor or ElementOperation.Ceiling or ElementOperation.Round => a,
        _ => throw new NotSupportedException($"{operation} on integers at build time."),
    });

    private static Element Convert(Element operand, ElementType from, ElementType to)
    {
        if (to == ElementType.Boolean)
        {
            return Truth(from.IsFloat() ? operand.Float != 0 : operand.Integer != 0);
        }

        if (to.IsFloat())
        {
            return Round(to, from.IsFloat() ? operand.Float : from == ElementType.UInt64 ? unchecked((ulong)operand.Integer) : operand.Integer, 0);
        }

        // Out-of-range conversions are undefined in ONNX; truncation towards zero is what C# does for the rest.
        return Round(to, 0, from.IsFloat() ? unchecked((long)operand.Float) : operand.Integer);
    }

    private static Element Truth(bool value) => new(0, value ? 1 : 0);
}
