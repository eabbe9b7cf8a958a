using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Rules of operators whose inputs and outputs differ in shape.</summary>
internal sealed partial class DerivativeRules
{
    /// <summary>Gradients in the result's shape, summed over what the inputs were repeated along.</summary>
    private Value?[] Broadcast(params Value?[] gradients) =>
        [.. gradients.Select((gradient, input) => gradient is null || !isWanted(node.Inputs[input]) ? null : Summed(gradient, node.Input(input)))];

    /// <summary>The gradient of a value that was broadcast to a larger shape.</summary>
    private Value Summed(Value g, Value like)
    {
        int offset = g.Shape.Rank - like.Shape.Rank;
        var axes = new List<int>();
        for (int axis = 0; axis < g.Shape.Rank; axis++)
        {
            if (axis < offset || (like.Shape[axis - offset].Value == 1 && g.Shape[axis].Value != 1))
            {
                axes.Add(axis);
            }
            else if (like.Shape[axis - offset] != g.Shape[axis])
            {
                throw Unknown($"whether {like.Shape} is repeated to {g.Shape} is known to a run only");
            }
        }

        return F.ReshapeLike(F.Sum(g, axes, keepsAxes: false), like);
    }

    /// <summary>A reduction's gradient (or result) with the reduced axes as axes of size 1.</summary>
    private Value Kept(Value g)
    {
        IReadOnlyList<int> axes = ReductionAxes.Open(node) is null ? ReductionAxes.Of(node) : throw Unknown("its axes are known to a run only");
        Dimension[] sizes = [.. X(0).Shape.Select((size, axis) => axes.Contains(axis) ? Dimension.One : size)];
        return g.Shape.Equals(new Shape(sizes)) ? g : context.Reshape(g, sizes);
    }

    /// <summary>The same number for all elements that were reduced to one.</summary>
    private Value Spread(Value g) => g.Shape.Equals(X(0).Shape) ? g : context.Add("Expand", g, context.Sizes((IReadOnlyList<Dimension>)[.. X(0).Shape]));

    private Value?[] Power(Value g)
    {
        Value x = X(0), exponent = X(1);
        Value wide = F.Cast(exponent, x.ElementType);
        Value bases = F.Multiply(g, F.Multiply(wide, context.Add("Pow", x, F.Subtract(wide, F.Number(1, wide)))));

        // 0 to any power is 0 (or 1): its logarithm is not asked for.
        Value?[] results = [bases, null];
        if (isWanted(exponent))
        {
            Value isPositive = context.Add("Greater", x, Zero(x));
            results[1] = F.Multiply(g, F.Multiply(Y, F.Where(isPositive, F.Apply("Log", F.Where(isPositive, x, F.Number(1, x))), Zero(x))));
        }

        return Broadcast(results);
    }

    /// <summary>Of a maximum or minimum: the first input that is it gets all.</summary>
    private Value?[] Chosen(Value g)
    {
        var results = new Value?[node.Inputs.Count];
        Value rest = g;
        for (int input = 0; input < results.Length; input++)
        {
            Value isChosen = context.Add("Equal", X(input), Y);
            results[input] = F.Where(isChosen, rest, Zero(g));
            rest = F.Where(isChosen, Zero(g), rest);
        }

        return Broadcast(results);
    }

    /// <summary>Of a maximum or minimum over axes: elements that are it share what it gets.</summary>
    private Value Extreme(Value g)
    {
        Value shares = F.Cast(context.Add("Equal", X(0), Spread(Kept(Y))), g.ElementType);
        return F.Divide(F.Multiply(shares, Kept(g)), F.Sum(shares, ReductionAxes.Of(node)));
    }

    private Value Softmax(Value g) => F.Multiply(Y, F.Subtract(g, F.Sum(F.Multiply(g, Y), SoftmaxOperators.Axes(node))));

    /// <summary>dA = G · Bᵀ and dB = Aᵀ · G; vectors are matrices of one row or column.</summary>
    private Value?[] Product(Value g)
    {
        Value a = X(0), b = X(1), wideA = a, wideB = b;
        if (a.Shape.Rank == 1)
        {
            wideA = context.Add("Unsqueeze", a, context.Integers(0));
            g = context.Add("Unsqueeze", g, context.Integers(b.Shape.Rank == 1 ? -1 : -2));
        }

        if (b.Shape.Rank == 1)
        {
            wideB = context.Add("Unsqueeze", b, context.Integers(1));
            g = context.Add("Unsqueeze", g, context.Integers(-1));
        }

        Value? left = isWanted(a) ? F.ReshapeLike(Summed(context.Add("MatMul", g, Swapped(wideB)), wideA), a) : null;
        return [left, isWanted(b) ? F.ReshapeLike(Summed(context.Add("MatMul", Swapped(wideA), g), wideB), b) : null];
    }

    private Value Swapped(Value matrix)
    {
        int rank = matrix.Shape.Rank;
        return F.Transpose(matrix, [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]);
    }

    private Value Transposed(Value g)
    {
        int rank = g.Shape.Rank;
        long[] permutation = node.IntegersAttribute("perm") ?? [.. Enumerable.Range(0, rank).Select(axis => (long)(rank - 1 - axis))];
        return F.Transpose(g, [.. Enumerable.Range(0, rank).Select(axis => Array.IndexOf(permutation, (long)axis))]);
    }

    private Value?[] Parts(Value g)
    {
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 1), g.Shape.Rank);
        var results = new Value?[node.Inputs.Count];
        Dimension start = Dimension.Zero;
        for (int input = 0; input < results.Length; input++)
        {
            Dimension end = start + X(input).Shape[axis];
            results[input] = isWanted(node.Inputs[input]) ? context.Add("Slice", g, context.Sizes(start), context.Sizes(end), context.Integers(axis)) : null;
            start = end;
        }

        return results;
    }

    private Value Joined(Value?[] outputs)
    {
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), X(0).Shape.Rank);
        Value[] parts = [.. outputs.Select((g, output) => g ?? Differentiation.Filled(context, node.Outputs[output] ?? throw Unknown("it has parts without a name"), 0))];
        return context.Add("Concat", [("axis", (long)axis)], parts);
    }

    /// <summary>A slice's gradient with zeros around it.</summary>
    private Value Surrounded(Value g)
    {
        Value x = X(0);
        int rank = x.Shape.Rank;
        (long[]? starts, long[]? axes, long[]? steps) = node.Version < 10
            ? (node.IntegersAttribute("starts"), node.IntegersAttribute("axes"), null)
            : (Integers(1), Integers(3), Integers(4));
        if (starts is null || (node.Version >= 10 && ((node.OptionalInput(3) is not null && axes is null) || (node.OptionalInput(4) is not null && steps is null))))
        {
            throw Unknown("its starts, axes or steps are known to a run only");
        }

        var before = new Dimension[rank];
        var after = new Dimension[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            (before[axis], after[axis]) = (Dimension.Zero, Dimension.Zero);
        }

        for (int index = 0; index < starts.Length; index++)
        {
            int axis = ShapeMath.Axis(node, axes is null ? index : axes[index], rank);
            if ((steps is null ? 1 : steps[index]) != 1)
            {
                throw Unknown($"its step is {steps![index]}");
            }

            // Clamped as the slice clamps it.
            Dimension size = x.Shape[axis], start = starts[index] >= 0 ? starts[index] : size + starts[index];
            before[axis] = SymbolicMath.Clamp(start, Dimension.Zero, size, context.Graph.Symbols);
            after[axis] = size - before[axis] - g.Shape[axis];
        }

        return context.Add("Pad", g, context.Sizes((IReadOnlyList<Dimension>)[.. before, .. after]));
    }

    /// <summary>What a constant surrounded.</summary>
    private Value WithoutPadding(Value g)
    {
        int rank = g.Shape.Rank;
        IReadOnlyList<Dimension>? pads = node.Version < 11 ? (node.IntegersAttribute("pads") ?? node.IntegersAttribute("paddings"))?.Select(Dimension.Of).ToArray() : node.OptionalInput(1)?.Elements;
        if (node.StringAttribute("mode", "constant") != "constant" || pads is null || pads.Count != 2 * rank || node.OptionalInput(3) is not null)
        {
            throw Unknown("known are constants around whole tensors, as many as the model says");
        }

        if (pads.Any(pad => pad.Value < 0))
        {
            // What was cut away gets 0.
            return F.ReshapeLike(context.Add("Pad", g, context.Sizes((IReadOnlyList<Dimension>)[.. pads.Select(pad => Dimension.Zero - pad)])), X(0));
        }

        Dimension[] starts = [.. pads.Take(rank)];
        return F.ReshapeLike(Part(g, starts, [.. starts.Select((start, axis) => start + X(0).Shape[axis])], 0), X(0));
    }

    /// <summary>Elements from starts to ends along axes from the first one on.</summary>
    private Value Part(Value x, IReadOnlyList<Dimension> starts, IReadOnlyList<Dimension> ends, int first) =>
        context.Add("Slice", x, context.Sizes(starts), context.Sizes(ends), context.Integers([.. Enumerable.Range(first, starts.Count).Select(axis => (long)axis)]));

    private long[]? Integers(int input) => node.OptionalInput(input)?.Elements is { } elements && elements.All(element => element.IsStatic) ? [.. elements.Select(element => element.Constant)] : null;

    /// <summary>Rows that were taken several times get the sum.</summary>
    private Value Scattered(Value g)
    {
        if (ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), X(0).Shape.Rank) != 0)
        {
            throw Unknown("its axis is not the first");
        }

        Value indices = context.Add("Unsqueeze", X(1), context.Integers(-1));
        return context.Add("ScatterND", [("reduction", "add")], Differentiation.Filled(context, X(0), 0), F.Cast(indices, ElementType.Int64), g);
    }

    private Value ScatteredElements(Value g) =>
        context.Add("ScatterElements", [("reduction", "add"), ("axis", node.IntegerAttribute("axis", 0))], Differentiation.Filled(context, X(0), 0), X(1), g);
}
