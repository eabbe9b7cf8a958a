using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The sliding windows of convolutions and pools: attributes <c>kernel_shape</c>, <c>strides</c>, <c>dilations</c>, <c>pads</c>, <c>auto_pad</c>, <c>ceil_mode</c>.</summary>
internal static class WindowAxes
{
    /// <summary>Axes that the kernels have: depth, height, width.</summary>
    private const int MaximumAxes = 3;

    /// <summary>The spatial axes of the node's first input [batch, channels, …] under windows of the given sizes.</summary>
    public static IReadOnlyList<WindowAxis> Of(Node node, IReadOnlyList<Dimension> kernel, SymbolTable symbols) => Of(node, node.Input(0).Shape, kernel, symbols);

    /// <summary>The spatial axes of an input of the given shape.</summary>
    public static IReadOnlyList<WindowAxis> Of(Node node, Shape shape, IReadOnlyList<Dimension> kernel, SymbolTable symbols)
    {
        int axes = shape.Rank - 2;
        CheckRank(node, shape);
        if (kernel.Count != axes)
        {
            throw new ModelException(node, $"windows of {kernel.Count} axes do not fit the input's shape {shape}");
        }

        long[] strides = Attribute(node, "strides", axes, 1);
        long[] dilations = Attribute(node, "dilations", axes, 1);
        long[] pads = Attribute(node, "pads", 2 * axes, 0);
        string mode = node.StringAttribute("auto_pad", "NOTSET");
        bool roundsUp = node.IntegerAttribute("ceil_mode", 0) != 0;
        var result = new WindowAxis[axes];
        for (int axis = 0; axis < axes; axis++)
        {
            Dimension input = shape[axis + 2];
            Dimension extent = (kernel[axis] - 1) * dilations[axis] + 1;
            result[axis] = mode switch
            {
                "NOTSET" or "" => Padded(node, input, kernel[axis], extent, strides[axis], dilations[axis], pads[axis], pads[axis + axes], roundsUp, symbols),
                "VALID" => Padded(node, input, kernel[axis], extent, strides[axis], dilations[axis], 0, 0, roundsUp, symbols),
                "SAME_UPPER" or "SAME_LOWER" => Same(input, kernel[axis], extent, strides[axis], dilations[axis], mode == "SAME_UPPER", symbols),
                _ => throw new ModelException(node, $"attribute 'auto_pad' is '{mode}'"),
            };
        }

        return result;
    }

    /// <summary>A list attribute with one number an axis (pads: two), all <paramref name="fallback"/> where it is missing.</summary>
    public static long[] Attribute(Node node, string name, int count, long fallback)
    {
        long[] values = node.IntegersAttribute(name) is { Length: > 0 } given ? given : [.. Enumerable.Repeat(fallback, count)];
        if (values.Length != count || (fallback == 1 && values.Any(value => value < 1)))
        {
            throw new ModelException(node, $"attribute '{name}' is [{string.Join(", ", values)}]; {count} numbers{(fallback == 1 ? " of at least 1" : "")} are expected");
        }

        return values;
    }

    /// <summary>Checks that attribute <c>kernel_shape</c>, where there is one, says what the weights [·, ·, …] say; where their sizes are open, in every run.</summary>
    public static void CheckKernel(Node node, Shape weights, InferenceContext context)
    {
        if (node.IntegersAttribute("kernel_shape") is not { } kernel)
        {
            return;
        }

        if (kernel.Length != weights.Rank - 2 || kernel.Where((size, axis) => weights[axis + 2].Value is { } known && known != size).Any())
        {
            throw new ModelException(node, $"attribute 'kernel_shape' [{string.Join(", ", kernel)}] contradicts the weights' shape {weights}");
        }

        for (int axis = 0; axis < kernel.Length; axis++)
        {
            context.RequireEqual(node, weights[axis + 2], kernel[axis], $"axis {axis + 2} of the weights and attribute 'kernel_shape'");
        }
    }

    /// <summary>Checks that the bias (input 2), where there is one, has an element for each of the output's channels: a single one would be broadcast.</summary>
    public static void CheckBias(Node node, Dimension channels, InferenceContext context)
    {
        if (node.OptionalInput(2) is not { } bias)
        {
            return;
        }

        if (bias.Shape.Rank != 1 || (bias.Shape[0] - channels).Value is not (null or 0))
        {
            throw new ModelException(node, $"a bias of shape {bias.Shape} for {channels} channels");
        }

        context.RequireEqual(node, bias.Shape[0], channels, "the elements of the bias and the channels of the result");
    }

    public static void CheckRank(Node node, Shape shape)
    {
        if (shape.Rank < 3 || shape.Rank > MaximumAxes + 2)
        {
            throw ModelException.Unsupported(node, $"an input of shape {shape} has {shape.Rank - 2} spatial axes; supported are 1 to {MaximumAxes}");
        }
    }

    /// <summary>The arguments "depth, height, width" of a shape struct.</summary>
    public static string Format(KernelWriter writer, IReadOnlyList<WindowAxis> axes) => string.Join(", ",
        Enumerable.Repeat("SpatialAxis.Single", MaximumAxes - axes.Count).Concat(axes.Select(axis =>
            $"new SpatialAxis({string.Join(", ", new Dimension[] { axis.Input, axis.Output, axis.Kernel, axis.Stride, axis.Dilation, axis.PadBegin, axis.PadEnd }.Select(size => KernelText.Int(writer, size)))})")));

    private static WindowAxis Padded(Node node, Dimension input, Dimension kernel, Dimension extent, long stride, long dilation, long begin, long end, bool roundsUp, SymbolTable symbols)
    {
        Dimension room = input + begin + end - extent;
        if (room.Value < 0)
        {
            throw ModelException.Contradiction(node, $"a window of {extent} does not fit {input} elements padded by {begin} and {end}");
        }

        Dimension output = Dimension.FloorDivide(room, stride) + 1;
        if (roundsUp)
        {
            // A window that would start in the padding at the end is left out.
            output = SymbolicMath.Minimum(Dimension.CeilingDivide(room, stride) + 1, Dimension.FloorDivide(input + begin - 1, stride) + 1, symbols);
        }

        return new WindowAxis(input, output, kernel, stride, dilation, begin, end);
    }

    private static WindowAxis Same(Dimension input, Dimension kernel, Dimension extent, long stride, long dilation, bool upper, SymbolTable symbols)
    {
        Dimension output = Dimension.CeilingDivide(input, stride);
        Dimension total = SymbolicMath.Maximum((output - 1) * stride + extent - input, Dimension.Zero, symbols);
        Dimension half = Dimension.FloorDivide(total, 2);
        return upper
            ? new WindowAxis(input, output, kernel, stride, dilation, half, total - half)
            : new WindowAxis(input, output, kernel, stride, dilation, total - half, half);
    }
}
