using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Squeeze and Unsqueeze: https://onnx.ai/onnx/operators/onnx__Squeeze.html, https://onnx.ai/onnx/operators/onnx__Unsqueeze.html. The axes are an attribute
/// before version 13 and an input from then on, of the run too; negative ones from version 11 on. Squeeze without axes drops all that are
/// known to be 1; that an open size is 1 where it is dropped, and is not where it stays, is checked by every run.
/// </summary>
internal sealed class SqueezeOperators : ReshapingOperator
{
    public static readonly IReadOnlyList<Operator> All = [new SqueezeOperators("Squeeze"), new SqueezeOperators("Unsqueeze")];

    private SqueezeOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1, 11, 13, 21, 23, 24, 25];

    protected override Shape ResultShape(Node node, InferenceContext context)
    {
        Shape from = node.Input(0).Shape;
        IReadOnlyList<Dimension>? stated = node.Version < 13 ? node.IntegersAttribute("axes")?.Select(Dimension.Of).ToArray()
            : node.OptionalInput(1) is null ? null : context.RequiredElements(node, 1, "the list of axes");
        if (stated?.Any(axis => !axis.IsStatic) == true)
        {
            return Type == "Squeeze" ? SqueezeOpen(node, from, stated, context) : UnsqueezeOpen(node, from, stated, context);
        }

        long[]? axes = stated?.Select(axis => axis.Constant).ToArray();
        return Type == "Squeeze" ? Squeeze(node, from, axes, context) : Unsqueeze(node, from, axes ?? throw new ModelException(node, "the list of axes is missing"));
    }

    /// <summary>The other axes, where only a run knows which ones are dropped. Runs check that those have the size 1.</summary>
    private static Shape SqueezeOpen(Node node, Shape from, IReadOnlyList<Dimension> axes, InferenceContext context)
    {
        OpenAxes.RequireDistinct(node, axes, from.Rank, context);
        Dimension[] named = OpenAxes.Named(axes, from.Rank, context.Symbols);
        Dimension error = from.Select((size, axis) => named[axis] * ((size - 1) * (size - 1))).Aggregate(Dimension.Zero, (sum, term) => sum + term);
        context.Require(error, 0, $"the difference from 1 of the axes that {node} squeezes");
        return new Shape(OpenAxes.Others(from, named, axes.Count, context.Symbols));
    }

    private static Shape UnsqueezeOpen(Node node, Shape from, IReadOnlyList<Dimension> axes, InferenceContext context)
    {
        int rank = from.Rank + axes.Count;
        OpenAxes.RequireDistinct(node, axes, rank, context);
        return new Shape(OpenAxes.Inserted(from, OpenAxes.Named(axes, rank, context.Symbols), context.Symbols));
    }

    private static Shape Squeeze(Node node, Shape from, long[]? axes, InferenceContext context)
    {
        foreach (Dimension open in axes is null ? from.Where(size => !size.IsStatic) : [])
        {
            // The rank of everything that follows depends on it. What the model declares may contradict.
            if (node.Output.DeclaredType is { } declared && declared.Rank != from.Count(size => size.Value != 1))
            {
                throw ModelException.Unsupported(node, $"without axes the result's rank depends on whether '{open}' is 1, and rank {declared.Rank} is declared");
            }

            context.RequireNonzero(open - 1, $"{open} - 1, where {node} without axes keeps the axis,");
        }

        HashSet<int> dropped = [.. axes is null
            ? Enumerable.Range(0, from.Rank).Where(axis => from[axis].Value == 1)
            : axes.Select(axis => ShapeMath.Axis(node, axis, from.Rank))];
        foreach (int axis in dropped)
        {
            if (from[axis].Value is { } size && size != 1)
            {
                throw ModelException.Contradiction(node, $"axis {axis} of {from} is {size} and cannot be squeezed");
            }

            if (!from[axis].IsStatic)
            {
                context.Require(from[axis], 1, $"axis {axis} of '{node.Input(0).Name}', which {node} squeezes");
            }
        }

        return new Shape([.. from.Where((_, axis) => !dropped.Contains(axis))]);
    }

    private static Shape Unsqueeze(Node node, Shape from, long[] axes)
    {
        int rank = from.Rank + axes.Length;
        HashSet<int> added = [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank))];
        if (added.Count != axes.Length)
        {
            throw new ModelException(node, "the list of axes names an axis twice");
        }

        int source = 0;
        return new Shape([.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? Dimension.One : from[source++])]);
    }
}
