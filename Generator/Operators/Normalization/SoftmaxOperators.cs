using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Softmax, LogSoftmax, Hardmax: https://onnx.ai/onnx/operators/onnx__Softmax.html and so on. Before version 13 the axis is 1 by default and the input is
/// flattened there, so that all axes from it on are normalised together; from 13 on it is the last axis by default and stands alone. The maximum is
/// taken out before exponentials; 16-bit floating-point numbers are computed in float32. Hardmax marks the first of equal maxima.
/// </summary>
internal sealed class SoftmaxOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SoftmaxOperators("Softmax"), new SoftmaxOperators("LogSoftmax"), new SoftmaxOperators("Hardmax")];

    private SoftmaxOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 11, 13];

    /// <summary>The axes that are normalised together.</summary>
    public static IReadOnlyList<int> Axes(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        bool flattens = node.Version < 13;
        long asked = node.IntegerAttribute("axis", flattens ? 1 : -1);
        if (flattens && asked == rank)
        {
            return [];
        }

        int axis = ShapeMath.Axis(node, asked, rank);
        return flattens ? [.. Enumerable.Range(axis, rank - axis)] : [axis];
    }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Axes(node);
        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value input = node.Input(0);
        Value x = formula.Widen(input);
        IReadOnlyList<int> axes = Axes(node);
        Value result = Type == "Hardmax" && x.Shape.Any(static size => size.Value == 0) ? x
            : Type == "Hardmax" ? Hardmax(formula, context, x, axes) : Softmax(formula, x, axes, logarithmic: Type == "LogSoftmax");
        context.Replace(node.Output, formula.Cast(result, input.ElementType));
        return true;
    }

    private static Value Softmax(Formula formula, Value x, IReadOnlyList<int> axes, bool logarithmic)
    {
        Value shifted = formula.Subtract(x, formula.Reduce("ReduceMax", x, axes));
        Value powers = formula.Apply("Exp", shifted);
        Value sum = formula.Sum(powers, axes);
        // One division a row instead of one an element.
        return logarithmic ? formula.Subtract(shifted, formula.Apply("Log", sum)) : formula.Multiply(powers, formula.Apply("Reciprocal", sum));
    }

    private static Value Hardmax(Formula formula, ExpansionContext context, Value x, IReadOnlyList<int> axes)
    {
        int axis = axes.Count == 0 ? x.Shape.Rank : axes[0];
        if (axes.Count != 1)
        {
            // All normalised axes as one.
            Value flat = context.Add("Flatten", [("axis", (long)axis)], x);
            return formula.ReshapeLike(Hardmax(formula, context, flat, [1]), x);
        }

        Value first = context.Add("ArgMax", [("axis", (long)axis), ("keepdims", 1L)], x);
        Value zero = context.Graph.AddConstant("zero", ConstantElements.FromIntegers([0], new TensorType(ElementType.Int64, Shape.Scalar)));
        Value one = context.Graph.AddConstant("one", ConstantElements.FromIntegers([1], new TensorType(ElementType.Int64, Shape.Scalar)));
        Value size = context.Add("Squeeze", context.Add("Shape", [("start", (long)axis), ("end", axis + 1L)], x));
        Value positions = formula.AlongAxis(context.Add("Range", zero, size, one), axis, x.Shape.Rank);
        return formula.Cast(context.Add("Equal", positions, first), x.ElementType);
    }
}
