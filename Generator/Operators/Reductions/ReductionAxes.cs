using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The axes of ONNX's reduction operators, in all their versions.</summary>
internal static class ReductionAxes
{
    /// <summary>The reduced axes, non-negative and ascending.</summary>
    public static IReadOnlyList<int> Of(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        if (Stated(node) is not { Count: > 0 } axes)
        {
            return node.IntegerAttribute("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        }

        return [.. axes.Select(axis => ShapeMath.Axis(node, axis.Value ?? throw ModelException.Unsupported(node, $"an axis depends on the size '{axis}'"), rank))
            .Distinct().OrderBy(axis => axis)];
    }

    /// <summary>The axes where only a run knows them, else <see langword="null"/>.</summary>
    public static IReadOnlyList<Dimension>? Open(Node node) => Stated(node) is { } axes && axes.Any(axis => !axis.IsStatic) ? axes : null;

    /// <summary>Whether reduced axes stay as axes of size 1.</summary>
    public static bool KeepsAxes(Node node) => node.IntegerAttribute("keepdims", 1) != 0;

    public static Shape ResultShape(Node node, InferenceContext context)
    {
        Shape shape = node.Input(0).Shape;
        bool keeps = KeepsAxes(node);
        if (Open(node) is { } open)
        {
            Dimension[] named = OpenAxes.Named(node, open, shape.Rank, context);
            if (keeps)
            {
                return new Shape(OpenAxes.Kept(shape, named));
            }

            OpenAxes.RequireDistinct(node, open, shape.Rank, context);
            return new Shape(OpenAxes.Others(shape, named, open.Count, context.Symbols));
        }

        IReadOnlyList<int> axes = Of(node);
        return new Shape([.. shape
            .Select((size, axis) => (Size: axes.Contains(axis) ? Dimension.One : size, Stays: keeps || !axes.Contains(axis)))
            .Where(axis => axis.Stays).Select(axis => axis.Size)]);
    }

    /// <summary>
    /// Writes a reduction whose axes only a run knows as one of known axes: <paramref name="write"/> gets the input with every axis split in two and the axes to reduce,
    /// which must not stay. Returns false where the axes are known.
    /// </summary>
    public static bool ExpandOpen(Node node, ExpansionContext context, Func<Value, IReadOnlyList<int>, Value> write)
    {
        if (Open(node) is not { } open)
        {
            return false;
        }

        Shape shape = node.Input(0).Shape;
        Dimension[] named = OpenAxes.Named(open, shape.Rank, context.Graph.Symbols);
        Value split = context.Reshape(node.Input(0), OpenAxes.Split(shape, named));
        Value reduced = write(split, [.. Enumerable.Range(0, shape.Rank).Select(axis => 2 * axis + 1)]);
        context.Replace(node.Output, reduced.Shape.Equals(node.Output.Shape) ? reduced : context.Reshape(reduced, [.. node.Output.Shape]));
        return true;
    }

    /// <summary>The list of axes as the node states it, or <see langword="null"/> where it states none.</summary>
    private static IReadOnlyList<Dimension>? Stated(Node node)
    {
        if (node.Version < (node.Type == "ReduceSum" ? 13 : 18))
        {
            return node.IntegersAttribute("axes")?.Select(Dimension.Of).ToArray();
        }

        if (node.HasAttribute("axes"))
        {
            // Ignoring it would reduce all axes.
            throw new ModelException(node, $"the attribute 'axes' became an input before opset {node.Version}");
        }

        return node.OptionalInput(1) is not { } input ? null
            : input.Type?.Shape.ElementCount.Value == 0 ? []
            : input.Elements ?? throw ModelException.Unsupported(node, $"the list of axes (input 1, '{input.Name}') is computed at run time from data");
    }
}
