using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>ONNX's rules for shapes that several operators share.</summary>
internal static class ShapeMath
{
    /// <summary>
    /// Multidirectional broadcasting of two shapes. Runs in which open sizes do not fit each other are refused; without a context that is left to the operators that the node is
    /// written with.
    /// </summary>
    public static Shape Broadcast(Node node, Shape left, Shape right, InferenceContext? context = null)
    {
        int rank = Math.Max(left.Rank, right.Rank);
        var dimensions = new Dimension[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            Dimension a = axis < rank - left.Rank ? Dimension.One : left[axis - (rank - left.Rank)];
            Dimension b = axis < rank - right.Rank ? Dimension.One : right[axis - (rank - right.Rank)];
            if (a.Value is { } x && b.Value is { } y && x != y && x != 1 && y != 1)
            {
                throw ModelException.Contradiction(node, $"shapes {left} and {right} cannot be broadcast");
            }

            context?.RequireBroadcast(node, a, b);
            dimensions[axis] = Dimension.Broadcast(a, b);
        }

        return new Shape(dimensions);
    }

    /// <summary>Whether a shape can broadcast to another one and leave it as it is; sizes of which one is not known are taken to fit.</summary>
    public static bool BroadcastsTo(Shape from, Shape to)
    {
        int offset = to.Rank - from.Rank;
        return offset >= 0 && Enumerable.Range(0, from.Rank).All(axis =>
            from[axis].Value == 1 || (from[axis] - to[axis + offset]).Value is null or 0);
    }

    /// <summary>The same, and runs in which open sizes do not fit are refused.</summary>
    public static bool BroadcastsTo(Node node, Shape from, Shape to, InferenceContext context)
    {
        if (!BroadcastsTo(from, to))
        {
            return false;
        }

        int offset = to.Rank - from.Rank;
        for (int axis = 0; axis < from.Rank; axis++)
        {
            context.RequireBroadcastTo(node, from[axis], to[axis + offset]);
        }

        return true;
    }

    /// <summary>A possibly negative axis as an index into <paramref name="rank"/> axes.</summary>
    public static int Axis(Node node, long axis, int rank)
    {
        if (axis < -rank || axis >= rank)
        {
            throw new ModelException(node, $"axis {axis} does not exist in rank {rank}");
        }

        return (int)(axis < 0 ? axis + rank : axis);
    }
}
