using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>How expressions on single elements of any type are written: the path for everything that is not float32 with unit strides.</summary>
internal static class ScalarSpelling
{
    /// <summary>The C# of an operation on operands given as C#; throws <see cref="NotSupportedException"/> where there is none.</summary>
    public static string Format(OperationExpression operation, string[] operands)
    {
        ElementType operandType = operation.Operands[0].Type;
        if (operation.Operation == ElementOperation.Convert)
        {
            return Convert(operands[0], operandType, operation.Type);
        }

        if (operation.Operation is ElementOperation.ConvertUnsaturated or ElementOperation.ConvertDown or ElementOperation.ConvertNearest)
        {
            string type = operation.Type.CSharpName()!;
            return operation.Operation switch
            {
                ElementOperation.ConvertUnsaturated => $"{type}.FromSingle((float){operands[0]}, saturate: false)",
                ElementOperation.ConvertDown => $"{type}.FromSingleDown((float){operands[0]})",
                _ => $"{type}.FromSingleNearest((float){operands[0]})",
            };
        }

        string text = FormatUntyped(operation.Operation, operandType, operands);

        // C# computes on narrow integers as int, and on Half through float.
        return operation.Type is ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16 or ElementType.Int16 ? $"unchecked(({operation.Type.CSharpName()}){text})"
            : operation.Type == ElementType.Float16 ? $"(Half){text}"
            : text;
    }

    /// <summary>A literal of an element type.</summary>
    public static string Constant(ConstantExpression constant) => constant.Type switch
    {
        ElementType.Float32 => VectorSpelling.Single((float)constant.Value),
        ElementType.Float64 => Double(constant.Value),
        ElementType.BFloat16 => $"(BFloat16)({VectorSpelling.Single((float)constant.Value)})",
        ElementType.Float16 => $"(Half)({VectorSpelling.Single((float)constant.Value)})",
        ElementType.Boolean => constant.Value != 0 ? "true" : "false",
        ElementType.Int64 => constant.Integer == long.MinValue ? "long.MinValue" : constant.Integer.ToString(CultureInfo.InvariantCulture) + "L",
        ElementType.UInt64 => unchecked((ulong)constant.Integer).ToString(CultureInfo.InvariantCulture) + "UL",
        ElementType.UInt32 => constant.Integer.ToString(CultureInfo.InvariantCulture) + "U",
        ElementType.Int32 => constant.Integer == int.MinValue ? "int.MinValue" : constant.Integer.ToString(CultureInfo.InvariantCulture),
        _ => $"({constant.Type.CSharpName()})({constant.Integer.ToString(CultureInfo.InvariantCulture)})",
    };

    private static string Double(double value) => double.IsNaN(value) ? "double.NaN"
        : double.IsPositiveInfinity(value) ? "double.PositiveInfinity"
        : double.IsNegativeInfinity(value) ? "double.NegativeInfinity"
        : value.ToString("R", CultureInfo.InvariantCulture) + "d";

    private static string FormatUntyped(ElementOperation operation, ElementType type, string[] operands)
    {
        string a = operands[0];
        string b = operands.Length > 1 ? operands[1] : "";
        string math = type == ElementType.Float64 ? "Math" : "MathF";
        if (type == ElementType.Float16)
        {
            a = $"(float){a}";
            b = b.Length > 0 ? $"(float){b}" : "";
        }

        return operation switch
        {
            ElementOperation.Add => $"({a} + {b})",
            ElementOperation.Subtract => $"({a} - {b})",
            ElementOperation.Multiply => $"({a} * {b})",
            ElementOperation.Divide => type.IsFloat() ? $"({a} / {b})" : $"ElementMath.Divide({a}, {b})",
            ElementOperation.Minimum => $"{(type.IsInteger() ? "Math" : math)}.Min({a}, {b})",
            ElementOperation.Maximum => $"{(type.IsInteger() ? "Math" : math)}.Max({a}, {b})",
            ElementOperation.Power => type.IsFloat() ? $"{math}.Pow({a}, {b})" : $"ElementMath.Power({a}, {b})",
            ElementOperation.Remainder => type.IsFloat() ? $"({a} % {b})" : $"ElementMath.Remainder({a}, {b})",
            ElementOperation.Modulo => $"ElementMath.Modulo({a}, {b})",
            ElementOperation.Negate => $"(-{a})",
            ElementOperation.Absolute => type.IsInteger() && !type.IsSigned() ? a : type.IsInteger() ? $"ElementMath.Absolute({a})" : $"{math}.Abs({a})",
            ElementOperation.Sign => $"ElementMath.Sign({a})",
            ElementOperation.Reciprocal => $"(1 / {a})",
            ElementOperation.Floor => $"{math}.Floor({a})",
            ElementOperation.Ceiling => $"{math}.Ceiling({a})",
            ElementOperation.Round => $"{math}.Round({a}, MidpointRounding.ToEven)",
            ElementOperation.SquareRoot => $"{math}.Sqrt({a})",
            ElementOperation.Exponential => $"{math}.Exp({a})",
            ElementOperation.Logarithm => $"{math}.Log({a})",
            ElementOperation.Sine => $"{math}.Sin({a})",
            ElementOperation.Cosine => $"{math}.Cos({a})",
            ElementOperation.Tangent => $"{math}.Tan({a})",
            ElementOperation.ArcSine => $"{math}.Asin({a})",
            ElementOperation.ArcCosine => $"{math}.Acos({a})",
            ElementOperation.ArcTangent => $"{math}.Atan({a})",
            ElementOperation.HyperbolicSine => $"{math}.Sinh({a})",
            ElementOperation.HyperbolicCosine => $"{math}.Cosh({a})",
            ElementOperation.HyperbolicTangent => $"{math}.Tanh({a})",
            ElementOperation.HyperbolicArcSine => $"{math}.Asinh({a})",
            ElementOperation.HyperbolicArcCosine => $"{math}.Acosh({a})",
            ElementOperation.HyperbolicArcTangent => $"{math}.Atanh({a})",
            ElementOperation.Sigmoid => $"(1 / (1 + {math}.Exp(-{a})))",
            ElementOperation.Erf => $"ElementMath.Erf({a})",
            ElementOperation.IsNaN => $"{FloatName(type)}.IsNaN({a})",
            ElementOperation.IsPositiveInfinity => $"{FloatName(type)}.IsPositiveInfinity({a})",
            ElementOperation.IsNegativeInfinity => $"{FloatName(type)}.IsNegativeInfinity({a})",
            ElementOperation.Equal => $"({a} == {b})",
            ElementOperation.Less => $"({a} < {b})",
            ElementOperation.LessOrEqual => $"({a} <= {b})",
            ElementOperation.Greater => $"({a} > {b})",
            ElementOperation.GreaterOrEqual => $"({a} >= {b})",
            ElementOperation.And => $"({a} & {b})",
            ElementOperation.Or => $"({a} | {b})",
            ElementOperation.Xor => $"({a} ^ {b})",
            ElementOperation.Not => $"!{a}",
            ElementOperation.BitwiseAnd => $"({a} & {b})",
            ElementOperation.BitwiseOr => $"({a} | {b})",
            ElementOperation.BitwiseXor => $"({a} ^ {b})",
            ElementOperation.BitwiseNot => $"(~{a})",
            ElementOperation.ShiftLeft => $"ElementMath.ShiftLeft({a}, {b})",
            ElementOperation.ShiftRight => $"ElementMath.ShiftRight({a}, {b})",
            ElementOperation.Select => $"({operands[0]} ? {operands[1]} : {operands[2]})",
            _ => throw new NotSupportedException($"{operation} on {type.OnnxName()}"),
        };
    }

    private static string FloatName(ElementType type) => type == ElementType.Float64 ? "double" : "float";

    private static string Convert(string operand, ElementType from, ElementType to)
    {
        if (from.IsSmallFloat())
        {
            operand = $"(float){operand}";
            from = ElementType.Float32;
            if (to == from)
            {
                return $"({operand})";
            }
        }

        switch (to)
        {
            // Bytes in memory; larger numbers lose their upper bits, as with all integers.
            case ElementType.Int4 or ElementType.Int2:
                return $"unchecked((sbyte)((sbyte)((int){operand} << {8 - to.Bits()}) >> {8 - to.Bits()}))";
            case ElementType.UInt4 or ElementType.UInt2:
                return $"unchecked((byte)((int){operand} & {(1 << to.Bits()) - 1}))";
        }

        string target = to.CSharpName() ?? throw new NotSupportedException($"conversion to {to.OnnxName()}");
        if (to == ElementType.Boolean)
        {
            return from is ElementType.Float16 or ElementType.BFloat16 ? $"((float){operand} != 0)" : $"({operand} != 0)";
        }

        if (from == ElementType.Boolean)
        {
            return to is ElementType.Float16 or ElementType.BFloat16 || to.IsSmallFloat() ? $"({operand} ? ({target})1f : ({target})0f)" : $"({target})({operand} ? 1 : 0)";
        }

        // These convert to and from float32 alone.
        return from == ElementType.BFloat16 || to == ElementType.BFloat16 || to.IsSmallFloat() ? $"unchecked(({target})(float){operand})" : $"unchecked(({target}){operand})";
    }
}
