using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Rules of convolutions and pools. What a convolution gathers, a transposed one with the same windows scatters; and the gradient of the weights is a convolution as well, whose windows are
/// the gradients of the results: its strides are the dilations and the other way round, and it sums over the batch.
/// </summary>
internal sealed partial class DerivativeRules
{
    private static readonly HashSet<string> WindowAttributes = new(StringComparer.Ordinal) { "kernel_shape", "strides", "pads", "dilations", "auto_pad", "ceil_mode" };

    private Value?[] Convolution(Value g)
    {
        Value x = X(0), weights = X(1);
        IReadOnlyList<WindowAxis> axes = WindowAxes.Of(node, [.. weights.Shape.Skip(2)], context.Graph.Symbols);
        return WithBias(g, isWanted(x) ? Scattered(g, weights, Groups, axes, x) : null, isWanted(weights) ? Taps(x, g, axes, weights) : null);
    }

    private Value?[] TransposedConvolution(Value g)
    {
        Value x = X(0), weights = X(1);
        IReadOnlyList<WindowAxis> axes = ConvTransposeOperator.Axes(node);
        return WithBias(g, isWanted(x) ? Gathered() : null, isWanted(weights) ? Taps(g, x, axes, weights) : null);

        Value Gathered()
        {
            (Value padded, long[] pads) = Padded(g, axes);
            Value sums = context.Add("Conv", [.. Steps(axes), ("group", Groups), ("pads", pads)], padded, weights);

            // More than a stride of output padding would make windows that no input has.
            return First(sums, x.Shape.Skip(2), x);
        }
    }

    private long Groups => node.IntegerAttribute("group", 1);

    private Value?[] WithBias(Value g, Value? x, Value? weights) => node.Inputs.Count < 3
        ? [x, weights]
        : [x, weights, isWanted(node.Inputs[2]) ? F.Sum(g, [.. Enumerable.Range(0, g.Shape.Rank).Where(static axis => axis != 1)], keepsAxes: false) : null];

    /// <summary>Adds to the elements of each window its number times weights: a transposed convolution that ends where the input did.</summary>
    private Value Scattered(Value g, Value weights, long groups, IReadOnlyList<WindowAxis> axes, Value like)
    {
        // Elements behind the last window: fewer than a stride, or less than none where a window may end behind the padding.
        long?[] rests = [.. axes.Select(static axis => (axis.Input + axis.PadBegin + axis.PadEnd - ((axis.Output - 1) * axis.Stride) - ((axis.Kernel - 1) * axis.Dilation) - 1).Value)];
        bool isExact = axes.All(static axis => axis.PadBegin.IsStatic && axis.PadEnd.IsStatic) && rests.All(static rest => rest >= 0);
        (string, object)[] attributes = [.. Steps(axes), ("group", groups)];
        if (isExact)
        {
            return F.ReshapeLike(context.Add("ConvTranspose", [.. attributes, ("pads", Pads(axes)), ("output_padding", rests.Select(static rest => rest!.Value).ToArray())], g, weights), like);
        }

        if (axes.Any(static axis => axis.PadBegin.Value < 0 || axis.PadEnd.Value < 0))
        {
            throw Unknown("its padding is negative");
        }

        Value all = context.Add("ConvTranspose", [.. attributes, ("output_padding", axes.Select(static axis => axis.Stride - 1).ToArray())], g, weights);
        return F.ReshapeLike(Part(all, [.. axes.Select(static axis => axis.PadBegin)], [.. axes.Select(static axis => axis.PadBegin + axis.Input)], 2), like);
    }

    /// <summary>The gradient of weights [outputs, inputs of a group, …] between what windows read and what became of them.</summary>
    private Value Taps(Value read, Value made, IReadOnlyList<WindowAxis> axes, Value weights)
    {
        (Value padded, long[] pads) = Padded(read, axes);
        Dimension batch = read.Shape[0], channels = weights.Shape[1];
        int[] spatial = [.. Enumerable.Range(2, axes.Count)];
        Value rows;
        if (Groups == 1)
        {
            rows = F.Transpose(padded, [1, 0, .. spatial]);
        }
        else
        {
            // [batch, groups · channels, …] → [channels, groups · batch, …]: the groups stay, what is summed are the elements of the batch.
            Dimension[] sizes = [.. padded.Shape.Skip(2)];
            Value parts = F.Transpose(F.Reshape(padded, [batch, Groups, channels, .. sizes]), [2, 1, 0, .. spatial.Select(static axis => axis + 1)]);
            rows = F.Reshape(parts, [channels, batch * Groups, .. sizes]);
        }

        (string, object)[] attributes =
        [
            ("strides", axes.Select(static axis => axis.Dilation).ToArray()), ("dilations", axes.Select(static axis => axis.Stride).ToArray()), ("pads", pads), ("group", Groups),
        ];
        Value taps = F.Transpose(context.Add("Conv", attributes, rows, F.Transpose(made, [1, 0, .. spatial])), [1, 0, .. spatial]);

        // Elements behind the last window give taps that the weights do not have.
        return First(taps, weights.Shape.Skip(2), weights);
    }

    /// <summary>A maximum's place gets all; the first where several are the largest.</summary>
    private Value MaximumPool(Value g)
    {
        Value x = X(0);
        context.AddWithOutputs("MaxPool", [.. node.Attributes.Values.Where(static attribute => WindowAttributes.Contains(attribute.Name)).Select(static attribute => (attribute.Name, attribute.Value))], [x], 2, out Node pool);

        // A window that lies in the padding has the place -1: the element before the first is no one's.
        Value flat = context.Integers(-1);
        Value places = F.Add(context.Add("Reshape", pool.Outputs[1]!, flat), context.Integers(1));
        Dimension count = x.Shape.ElementCount;
        Value zeros = context.Add("Expand", Zero(g), context.Sizes(count + 1));
        Value sums = context.Add("ScatterElements", [("reduction", "add"), ("axis", 0L)], zeros, places, context.Add("Reshape", g, flat));
        return F.ReshapeLike(Part(sums, [Dimension.One], [count + 1], 0), x);
    }

    /// <summary>All elements of a window get the same part.</summary>
    private Value AveragePool(Value g)
    {
        IReadOnlyList<WindowAxis> axes = PoolOperators.Axes(node, X(0).Shape, context.Graph.Symbols);
        for (int axis = 0; axis < axes.Count; axis++)
        {
            g = F.Divide(g, F.Reshape(Counts(axes[axis], g.ElementType), [axes[axis].Output, .. Enumerable.Repeat(Dimension.One, axes.Count - 1 - axis)]));
        }

        Value planes = F.Reshape(g, [g.Shape[0] * g.Shape[1], 1, .. g.Shape.Skip(2)]);
        Value ones = context.Add("Expand", F.Number(1, g), context.Integers([1, 1, .. axes.Select(static axis => axis.Kernel.Constant)]));
        return Scattered(planes, ones, 1, axes, X(0));
    }

    /// <summary>How many elements each window along an axis averages.</summary>
    private Value Counts(WindowAxis axis, ElementType type)
    {
        bool includesPadding = node.IntegerAttribute("count_include_pad", 0) != 0;
        Dimension start = includesPadding ? Dimension.Zero : axis.PadBegin;
        Dimension end = axis.PadBegin + axis.Input + (includesPadding ? axis.PadEnd : Dimension.Zero);
        Value windows = context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(axis.Output), context.Literal(1, ElementType.Int64));
        Value firsts = context.Add("Unsqueeze", F.Multiply(windows, context.Integers(axis.Stride)), context.Integers(1));
        Value places = F.Add(firsts, context.Integers([.. Enumerable.Range(0, (int)axis.Kernel.Constant).Select(tap => tap * axis.Dilation)]));
        Value counted = context.Add("And", context.Add("GreaterOrEqual", places, context.Size(start)), context.Add("Less", places, context.Size(end)));
        Value counts = F.Sum(F.Cast(counted, type), [1], keepsAxes: false);
        return context.Add("Max", counts, F.Number(1, counts));
    }

    private static (string, object)[] Steps(IReadOnlyList<WindowAxis> axes) =>
        [("strides", axes.Select(static axis => axis.Stride).ToArray()), ("dilations", axes.Select(static axis => axis.Dilation).ToArray())];

    private static long[] Pads(IReadOnlyList<WindowAxis> axes) => [.. axes.Select(static axis => axis.PadBegin.Constant), .. axes.Select(static axis => axis.PadEnd.Constant)];

    /// <summary>Padding as an attribute where it is known, else around the value.</summary>
    private (Value Padded, long[] Pads) Padded(Value x, IReadOnlyList<WindowAxis> axes)
    {
        if (axes.All(static axis => axis.PadBegin.IsStatic && axis.PadEnd.IsStatic))
        {
            return (x, Pads(axes));
        }

        Dimension[] none = [Dimension.Zero, Dimension.Zero];
        IReadOnlyList<Dimension> pads = [.. none, .. axes.Select(static axis => axis.PadBegin), .. none, .. axes.Select(static axis => axis.PadEnd)];
        return (context.Add("Pad", x, context.Sizes(pads)), new long[2 * axes.Count]);
    }

    /// <summary>The first so many elements of the spatial axes, which gives the shape of another value.</summary>
    private Value First(Value x, IEnumerable<Dimension> sizes, Value like)
    {
        Dimension[] ends = [.. sizes];
        bool isWhole = ends.SequenceEqual(x.Shape.Skip(2));
        return F.ReshapeLike(isWhole ? x : Part(x, [.. ends.Select(static _ => Dimension.Zero)], ends, 2), like);
    }
}
