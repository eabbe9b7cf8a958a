using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>The questions that patterns ask of values: what made them, which number they are, whether two of them are the same.</summary>
internal static class Matching
{
    /// <summary>The node that makes the value, if it is ONNX's own operator of that name.</summary>
    public static Node? Producer(Value? value, string type) => Producer(value) is { } node && node.Type == type ? node : null;

    /// <summary>The node of ONNX's own that makes the value; null for known values, whose nodes may be gone.</summary>
    public static Node? Producer(Value? value) => value is { IsKnown: false, Producer: { Domain: "" } node } ? node : null;

    /// <summary>The one number that all elements of a value are, whether it is an initializer, a Constant, or such a number on its way through casts and shapes.</summary>
    public static double? Number(Value? value)
    {
        switch (value)
        {
            case null:
                return null;
            case { Constant: InlineConstant inline }:
                return UniformNumber(inline);
            case { Constant: WeightConstant { Expression: WeightFill fill } }:
                return ConstantElements.TryReadScalar(new InlineConstant(new TensorType(fill.ElementType, Shape.Scalar), fill.Element));
            case { IsKnown: false, Producer: { Domain: "", Type: "Cast" or "CastLike" or "Expand" or "Reshape" or "Unsqueeze" or "Squeeze" } mover }:
                return Number(mover.Input(0));
            case { IsKnown: false, Producer: { Domain: "", Type: "ConstantOfShape" } filler }:
                return filler.TensorAttribute("value") is { } element ? ConstantElements.TryReadScalar(element) : 0;
            default:
                return null;
        }
    }

    /// <summary>Whether the value is the number, as far as <paramref name="tolerance"/> (relative) allows.</summary>
    public static bool IsNumber(Value? value, double number, double tolerance = 1e-6) => Number(value) is { } found && Near(found, number, tolerance);

    public static bool Near(double left, double right, double tolerance) => Math.Abs(left - right) <= tolerance * Math.Max(Math.Abs(left), Math.Abs(right));

    /// <summary>How far literals of a graph that computes in the type may be off: they were rounded to it, or printed with few digits (0.79788).</summary>
    public static double LiteralTolerance(ElementType type) => type switch
    {
        ElementType.BFloat16 => 1.0 / (1 << 8),
        ElementType.Float16 => 1.0 / (1 << 11),
        _ => 2e-5,
    };

    /// <summary>The value before conversions that lose nothing: float16 to float32, float32 to float64 and the like.</summary>
    public static Value Narrowest(Value value)
    {
        // What makes a known value may be gone from the graph.
        while (!value.IsKnown && Producer(value, "Cast") is { } cast && Holds(cast.Output.ElementType, cast.Input(0).ElementType))
        {
            value = cast.Input(0);
        }

        return value;
    }

    /// <summary>Whether two values are the same numbers, whatever floating-point type holds them.</summary>
    public static bool Same(Value? left, Value? right) =>
        left is not null && right is not null && (left == right || Narrowest(left) == Narrowest(right));

    /// <summary>Whether every number of one floating-point type is one of the other.</summary>
    public static bool Holds(ElementType type, ElementType other) =>
        type.IsFloat() && other.IsFloat() && (type == other || Width(type) > Width(other));

    /// <summary>The operand of a binary node that is not the given one; null where neither or both are.</summary>
    public static Value? Other(Node node, Value operand) =>
        node.Inputs.Count != 2 || node.Input(0) == node.Input(1) ? null
        : node.Input(0) == operand ? node.Input(1)
        : node.Input(1) == operand ? node.Input(0)
        : null;

    /// <summary>The nodes that read a value, each once.</summary>
    public static IEnumerable<Node> Readers(Value value) => value.Consumers.Distinct();

    /// <summary>The only node that reads the value; null where there are more, or the model's caller reads it.</summary>
    public static Node? OnlyReader(Value value, Graph graph) =>
        !graph.IsOutput(value) && Readers(value).Take(2).ToArray() is [Node reader] ? reader : null;

    /// <summary>Whether an operand is one value per element of the axes from <paramref name="axis"/> on, the same for all positions before them: a weight.</summary>
    public static bool IsWeight(Value operand, Shape shape, int axis)
    {
        int offset = shape.Rank - operand.Shape.Rank;
        bool isSpread = offset >= 0 && Enumerable.Range(0, operand.Shape.Rank).All(current => operand.Shape[current].Value == 1
            || (current + offset >= axis && operand.Shape[current] == shape[current + offset]));

        // Something computed that has all of the axes is more likely a second input than a weight.
        return isSpread && (operand.IsConstant || !operand.Shape.Equals(shape));
    }

    /// <summary>Whether a node only computes: what polynomials and their roots consist of.</summary>
    public static bool IsArithmetic(Node node) => node is { Domain: "", Type: "Add" or "Sum" or "Sub" or "Mul" or "Div" or "Neg" or "Pow" or "Cast" };

    private static double? UniformNumber(InlineConstant constant)
    {
        if (constant.Count == 0 || constant.Count > MaximumElements || !(constant.Type.ElementType.IsInteger() || constant.Type.ElementType.IsFloat()))
        {
            return null;
        }

        double[] numbers = ConstantElements.ReadDoubles(constant);
        return numbers.All(number => number.Equals(numbers[0])) ? numbers[0] : null;
    }

    /// <summary>Literals have one element, rarely one a head or channel; longer lists are not worth reading.</summary>
    private const int MaximumElements = 4096;

    private static int Width(ElementType type) => type switch
    {
        ElementType.Float64 => 3,
        ElementType.Float32 => 2,
        _ => 1,
    };
}
