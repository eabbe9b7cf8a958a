using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Axes that only a run knows, as arithmetic on sizes. Before a reduction every axis is split in two, of which one has the size 1: <c>[4, 6]</c> becomes <c>[1, 4, 6, 1]</c> for axis 0
/// and <c>[4, 1, 1, 6]</c> for axis 1. Then it is always the second ones that are reduced.
/// </summary>
internal static class OpenAxes
{
    /// <summary>1 for each axis that the list names, 0 for the others. Runs with an axis that does not exist are refused.</summary>
    public static Dimension[] Named(Node node, IReadOnlyList<Dimension> axes, int rank, InferenceContext context)
    {
        foreach (Dimension axis in axes)
        {
            Dimension nearest = SymbolicMath.Clamp(axis, -rank, rank - 1, context.Symbols);
            context.Require(nearest - axis, 0, $"steps from {axis}, an axis of {node}, to one that exists in rank {rank}");
        }

        return Named(axes, rank, context.Symbols);
    }

    /// <summary>1 for each axis that the list names, 0 for the others.</summary>
    public static Dimension[] Named(IReadOnlyList<Dimension> axes, int rank, SymbolTable symbols) =>
        [.. Enumerable.Range(0, rank).Select(axis => SymbolicMath.Minimum(Dimension.One, axes.Aggregate(Dimension.Zero, (sum, named) =>
            sum + IsEqual(SymbolicMath.FromStart(named, rank, symbols), axis, symbols)), symbols))];

    /// <summary>What a list says of each axis, where each entry belongs to the axis that <paramref name="axes"/> has at its place; <paramref name="otherwise"/> for axes without an entry.</summary>
    public static Dimension[] Spread(IReadOnlyList<Dimension> entries, IReadOnlyList<Dimension> axes, IReadOnlyList<Dimension> otherwise, SymbolTable symbols)
    {
        int rank = otherwise.Count;
        return [.. otherwise.Select((value, axis) => Enumerable.Range(0, axes.Count).Aggregate(value, (sum, index) =>
            sum + IsEqual(SymbolicMath.FromStart(axes[index], rank, symbols), axis, symbols) * (entries[index] - value)))];
    }

    /// <summary>Refuses runs in which the list names an axis that does not exist, or one twice.</summary>
    public static void RequireDistinct(Node node, IReadOnlyList<Dimension> axes, int rank, InferenceContext context) =>
        context.Require(Named(node, axes, rank, context).Aggregate(Dimension.Zero, (sum, axis) => sum + axis), axes.Count, $"different axes of {node}");

    /// <summary>The size of every axis where it is not named, and 1 where it is.</summary>
    public static Dimension[] Kept(Shape shape, Dimension[] named) => [.. shape.Select((size, axis) => Dimension.One + (size - 1) * (1 - named[axis]))];

    /// <summary>The sizes of the axes that are not named, in their order; <paramref name="count"/> are named.</summary>
    public static Dimension[] Others(Shape shape, Dimension[] named, int count, SymbolTable symbols) =>
        [.. Enumerable.Range(0, shape.Rank - count).Select(position =>
        {
            Dimension size = Dimension.Zero, before = Dimension.Zero;
            for (int axis = 0; axis < shape.Rank; axis++)
            {
                size += shape[axis] * (1 - named[axis]) * IsEqual(before, position, symbols);
                before += 1 - named[axis];
            }

            return Closed(size);
        })];

    /// <summary>The sizes with an axis of size 1 at every place that is named.</summary>
    public static Dimension[] Inserted(Shape shape, Dimension[] named, SymbolTable symbols)
    {
        var sizes = new Dimension[named.Length];
        Dimension before = Dimension.Zero;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            sizes[axis] = named[axis];
            for (int source = 0; source < shape.Rank; source++)
            {
                sizes[axis] += shape[source] * (1 - named[axis]) * IsEqual(axis - before, source, symbols);
            }

            before += named[axis];
            sizes[axis] = Closed(sizes[axis]);
        }

        return sizes;
    }

    /// <summary>The size as one term, so that products of such sizes do not multiply out.</summary>
    private static Dimension Closed(Dimension size) => Dimension.Maximum(size, Dimension.Zero);

    /// <summary>The sizes with every axis split into what stays and what is reduced.</summary>
    public static Dimension[] Split(Shape shape, Dimension[] named) =>
        [.. shape.SelectMany((size, axis) => new[] { Dimension.One + (size - 1) * (1 - named[axis]), Dimension.One + (size - 1) * named[axis] })];

    /// <summary>1 where two numbers are equal, else 0.</summary>
    public static Dimension IsEqual(Dimension left, Dimension right, SymbolTable symbols)
    {
        Dimension difference = left - right;
        Dimension distance = SymbolicMath.Maximum(difference, -difference, symbols);
        return 1 - SymbolicMath.Minimum(Dimension.One, distance, symbols);
    }
}
