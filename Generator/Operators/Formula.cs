using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Writes expansions like formulas: each method adds a node and returns its result.</summary>
internal sealed class Formula(ExpansionContext context)
{
    public Value Add(Value left, Value right) => context.Add("Add", left, right);

    public Value Subtract(Value left, Value right) => context.Add("Sub", left, right);

    public Value Multiply(Value left, Value right) => context.Add("Mul", left, right);

    public Value Divide(Value left, Value right) => context.Add("Div", left, right);

    public Value Where(Value condition, Value whenTrue, Value whenFalse) => context.Add("Where", condition, whenTrue, whenFalse);

    public Value Squeeze(Value x, IReadOnlyList<int> axes) => context.Add("Squeeze", x, context.Integers([.. axes.Select(axis => (long)axis)]));

    /// <summary>A function of one input by its operator's name.</summary>
    public Value Apply(string type, Value x) => context.Add(type, x);

    /// <summary>A vector of float32 zeros.</summary>
    public Value Zeros(long count) => context.Graph.AddConstant("zeros", ConstantElements.FromFloats(new float[count], Shape.Of(count)));

    public Value Number(double value, Value like) => context.Literal(value, like.ElementType);

    public Value Cast(Value x, ElementType type) => x.ElementType == type ? x : context.Add("Cast", [("to", (long)type)], x);

    /// <summary>The value in the precision it is computed with: 16-bit floating-point numbers as float32.</summary>
    public Value Widen(Value x) => x.ElementType is ElementType.Float16 or ElementType.BFloat16 ? Cast(x, ElementType.Float32) : x;

    /// <summary>A reduction by its operator's name ("ReduceSum", "ReduceMax" …).</summary>
    public Value Reduce(string type, Value x, IReadOnlyList<int> axes, bool keepsAxes = true) => axes.Count == 0
        ? x
        : context.Add(type, [("keepdims", keepsAxes ? 1L : 0L)], x, context.Integers([.. axes.Select(axis => (long)axis)]));

    public Value Sum(Value x, IReadOnlyList<int> axes, bool keepsAxes = true) => Reduce("ReduceSum", x, axes, keepsAxes);

    public Value Mean(Value x, IReadOnlyList<int> axes, bool keepsAxes = true) =>
        axes.Count == 0 ? x : Divide(Sum(x, axes, keepsAxes), Count(x, axes));

    /// <summary>How many elements a reduction over the axes combines, as a number of the value's type.</summary>
    public Value Count(Value x, IReadOnlyList<int> axes)
    {
        Dimension count = axes.Aggregate(Dimension.One, (product, axis) => product * x.Shape[axis]);
        if (count.Value is { } known)
        {
            return Number(known, x);
        }

        Value sizes = context.Add("Gather", context.Add("Shape", x), context.Integers([.. axes.Select(axis => (long)axis)]));
        return Cast(context.Add("ReduceProd", [("keepdims", 0L)], sizes), x.ElementType);
    }

    /// <summary>The value under a shape given by sizes; where it can be, one open size is written as -1 and those equal to the input's as 0, so that less is left to a run.</summary>
    public Value Reshape(Value x, params Dimension[] sizes)
    {
        if (x.Shape.Equals(new Shape(sizes)))
        {
            return x;
        }

        if (sizes.Any(size => size.Value == 0))
        {
            return context.Reshape(x, sizes);
        }

        int unknown = sizes.Count(size => !size.IsStatic);
        if (unknown <= 1)
        {
            return context.Add("Reshape", x, context.Integers([.. sizes.Select(size => size.Value ?? -1)]));
        }

        var asked = new long[sizes.Length];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            asked[axis] = sizes[axis].Value ?? (axis < x.Shape.Rank && x.Shape[axis] == sizes[axis] ? 0 : -1);
        }

        return asked.Count(size => size == -1) > 1 ? context.Reshape(x, sizes) : context.Add("Reshape", x, context.Integers(asked));
    }

    /// <summary>The value under another one's shape.</summary>
    public Value ReshapeLike(Value x, Value like) => x.Shape.Equals(like.Shape) ? x : context.Add("Reshape", [("allowzero", 1L)], x, context.Add("Shape", like));

    public Value Transpose(Value x, params int[] permutation) =>
        context.Add("Transpose", [("perm", permutation.Select(axis => (long)axis).ToArray())], x);

    /// <summary>A vector over one axis of a tensor of the given rank: [C] becomes [1, …, C, …, 1] without its leading ones.</summary>
    public Value AlongAxis(Value vector, int axis, int rank) =>
        axis == rank - 1 ? vector : Reshape(vector, [vector.Shape.ElementCount, .. Enumerable.Repeat(Dimension.One, rank - 1 - axis)]);
}
