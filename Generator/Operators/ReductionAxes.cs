using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The axes of ONNX's reduction operators, in all their versions.</summary>
internal static class ReductionAxes
{
    /// <summary>The reduced axes, non-negative and ascending.</summary>
    public static IReadOnlyList<int> Of(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        IReadOnlyList<long>? axes = null;
        if (node.Version < (node.Type == "ReduceSum" ? 13 : 18))
        {
            axes = node.IntegersAttribute("axes");
        }
        else if (node.HasAttribute("axes"))
        {
            // Ignoring it would reduce all axes.
            throw new ModelException(node, $"the attribute 'axes' became an input before opset {node.Version}");
        }
        else if (node.OptionalInput(1) is { } input)
        {
            axes = [.. (input.Elements ?? throw ModelException.Unsupported(node, $"the list of axes (input 1, '{input.Name}') is computed at run time from data"))
                .Select(axis => axis.Value ?? throw ModelException.Unsupported(node, $"an axis depends on the size '{axis}'"))];
        }

        if (axes is null or { Count: 0 })
        {
            return node.IntegerAttribute("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        }

        return [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank)).Distinct().OrderBy(axis => axis)];
    }

    /// <summary>Whether reduced axes stay as axes of size 1.</summary>
    public static bool KeepsAxes(Node node) => node.IntegerAttribute("keepdims", 1) != 0;

    public static Shape ResultShape(Node node)
    {
        IReadOnlyList<int> axes = Of(node);
        bool keeps = KeepsAxes(node);
        return new Shape([.. node.Input(0).Shape
            .Select((size, axis) => (Size: axes.Contains(axis) ? Dimension.One : size, Stays: keeps || !axes.Contains(axis)))
            .Where(axis => axis.Stays).Select(axis => axis.Size)]);
    }
}
