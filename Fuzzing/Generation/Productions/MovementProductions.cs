using Cameo.Fuzzing.Models;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Operators that move elements.</summary>
internal static class MovementProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("transpose", 4, Transpose),
        new("reshape", 4, Reshape),
        new("flatten", 0.7, static graph => { FuzzValue x = graph.Any(); graph.Node("Flatten", [x], ("axis", graph.Integer(-x.Rank, x.Rank))); }),
        new("squeeze", 1, Squeeze),
        new("unsqueeze", 1.5, Unsqueeze),
        new("slice", 4, Slice),
        new("split", 3, Split),
        new("concat", 4, Concat),
        new("expand", 1.5, Expand),
        new("tile", 1, Tile),
        new("pad", 2, Pad),
        new("depth", 0.7, Depth),
        new("trilu", 0.7, static graph => graph.Node("Trilu", [graph.Any(2), graph.Chance(0.5) ? graph.Scalar64(graph.Integer(-3, 3)) : null], ("upper", graph.Integer(0, 1)))),
        new("reverse", 0.4, ReverseSequence),
        new("shapes", 2, Shapes),
        new("views", 2, Views),
        new("split-join", 1.5, SplitJoin),
        new("centercrop", 0.3, static graph => { FuzzValue x = graph.Any(1, 4); graph.Node("CenterCropPad", [x, graph.Integers([.. x.Shape.Select(size => Math.Max(1, size + graph.Integer(-2, 2)))])]); }),
    ];

    private static FuzzValue Scalar64(this RandomGraph graph, long value) => graph.Constant(ElementType.Int64, [], [(double)value]);

    public static FuzzValue Transpose(RandomGraph graph, FuzzValue x)
    {
        long[] permutation = [.. Enumerable.Range(0, x.Rank).Select(static axis => (long)axis)];
        if (x.Rank >= 2 && graph.Chance(0.4))
        {
            (permutation[^1], permutation[^2]) = (permutation[^2], permutation[^1]);
        }
        else
        {
            graph.Random.Shuffle(permutation);
        }

        return graph.Node("Transpose", [x], graph.Chance(0.1) ? [] : [("perm", permutation)]);
    }

    public static FuzzValue Reshape(RandomGraph graph, FuzzValue x)
    {
        long[] shape = Factor(graph, x.Count);
        if (shape.Length > 0 && x.Count > 0 && graph.Chance(0.5))
        {
            shape[graph.Random.Next(shape.Length)] = -1;
        }

        // A 0 copies the size at its place.
        for (int axis = 0; axis < Math.Min(shape.Length, x.Rank); axis++)
        {
            if (shape[axis] == x.Shape[axis] && graph.Chance(0.5))
            {
                shape[axis] = 0;
            }
        }

        return graph.Node("Reshape", [x, graph.Integers(shape)]);
    }

    private static void Transpose(RandomGraph graph) => Transpose(graph, graph.Any(1));

    private static void Reshape(RandomGraph graph) => Reshape(graph, graph.Any());

    /// <summary>A shape with a number of elements.</summary>
    private static long[] Factor(RandomGraph graph, long count)
    {
        if (count == 0)
        {
            return [0, graph.Integer(1, 3)];
        }

        List<long> shape = [];
        while (count > 1 && shape.Count < 4)
        {
            long[] divisors = [.. Enumerable.Range(2, 63).Select(static number => (long)number).Where(number => count % number == 0)];
            if (divisors.Length == 0 || graph.Chance(0.2))
            {
                break;
            }

            long divisor = graph.OneOf<long>(divisors);
            shape.Add(divisor);
            count /= divisor;
        }

        shape.Insert(graph.Integer(0, shape.Count), count);
        if (graph.Chance(0.15))
        {
            shape.Insert(graph.Integer(0, shape.Count), 1);
        }

        return [.. shape];
    }

    private static void Squeeze(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Shape.Contains(1)) ?? graph.Input(graph.AnyType(), [1, graph.Size(), 1]);
        long[] axes = [.. Enumerable.Range(0, x.Rank).Where(axis => x.Shape[axis] == 1 && graph.Chance(0.7)).Select(axis => graph.Chance(0.3) ? axis - x.Rank : (long)axis)];
        if (axes.Length == 0 && graph.IsOpen)
        {
            // All axes of size 1: of open sizes the run's, so that even the rank would change from run to run. Ranks are known at build here, and such runs are refused.
            throw new RejectedException("open rank");
        }

        AxesNode(graph, "Squeeze", x, axes.Length == 0 ? null : axes, since: 13);
    }

    private static void Unsqueeze(RandomGraph graph)
    {
        FuzzValue x = graph.Any(0, 4);
        long[] axes = [.. graph.Axes(x.Rank + 2).Take(2)];
        int rank = x.Rank + axes.Length;
        axes = [.. axes.Select(axis => Math.Clamp(axis, -rank, rank - 1))];
        AxesNode(graph, "Unsqueeze", x, axes, since: 13);
    }

    /// <summary>Axes are an attribute up to some version and an operand from then on.</summary>
    public static FuzzValue AxesNode(RandomGraph graph, string type, FuzzValue x, long[]? axes, int since, params (string, object)[] attributes) =>
        axes is null ? graph.Node(type, [x], attributes)
        : graph.Opset >= since ? graph.Node(type, [x, graph.Integers(axes)], attributes)
        : graph.Node(type, [x], [("axes", axes), .. attributes]);

    public static FuzzValue Slice(RandomGraph graph, FuzzValue x)
    {
        long[] axes = graph.Axes(x.Rank);
        long[] starts = new long[axes.Length], ends = new long[axes.Length], steps = new long[axes.Length];
        for (int index = 0; index < axes.Length; index++)
        {
            long size = x.Shape[(axes[index] + x.Rank) % x.Rank];
            long from = graph.Random.NextInt64(size + 1), to = graph.Random.NextInt64(size + 1);
            (from, to) = (Math.Min(from, to), Math.Max(from, to));
            steps[index] = graph.Chance(0.7) ? 1 : graph.OneOf<long>(2, 3, -1, -1, -2);
            if (steps[index] > 0)
            {
                starts[index] = graph.Chance(0.3) ? from - size : from;
                ends[index] = graph.Chance(0.3) ? graph.OneOf(long.MaxValue, int.MaxValue, size + 5) : graph.Chance(0.3) && to < size ? to - size : to;
            }
            else
            {
                starts[index] = graph.Chance(0.4) ? -1 : to;
                ends[index] = graph.Chance(0.4) ? graph.OneOf(long.MinValue, int.MinValue, -size - 1) : from;
            }
        }

        if (graph.Opset < 10)
        {
            return graph.Node("Slice", [x], ("axes", axes), ("starts", starts), ("ends", ends));
        }

        bool plain = steps.All(static step => step == 1) && graph.Chance(0.5);
        bool leading = plain && axes.Select((axis, index) => axis == index).All(static same => same) && graph.Chance(0.5);

        // These numbers leave the range in which doubles are exact.
        FuzzValue Exact(long[] values) => graph.Constant(new((int)ElementType.Int64, [values.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(values).ToArray()));
        return graph.Node("Slice", [x, Exact(starts), Exact(ends), leading ? null : Exact(axes), plain ? null : Exact(steps)]);
    }

    private static void Slice(RandomGraph graph) => Slice(graph, graph.Any(1));

    public static FuzzValue[] Split(RandomGraph graph, FuzzValue x, long axis, long[] sizes) => graph.Opset >= 13
        ? graph.Nodes("Split", [x, graph.Integers(sizes)], sizes.Length, ("axis", axis))
        : graph.Nodes("Split", [x], sizes.Length, ("axis", axis), ("split", sizes));

    private static void Split(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1);
        long axis = graph.Axis(x.Rank);
        long size = x.Shape[(axis + x.Rank) % x.Rank];
        int parts = graph.Integer(1, (int)Math.Clamp(size, 1, 4));
        if (graph.Chance(0.4) && (size % parts == 0 || graph.Opset >= 18))
        {
            graph.Nodes("Split", [x], parts, graph.Opset >= 18 ? [("axis", axis), ("num_outputs", parts)] : [("axis", axis)]);
            return;
        }

        Split(graph, x, axis, Parts(graph, size, parts));
    }

    private static long[] Parts(RandomGraph graph, long size, int parts)
    {
        long[] cuts = [0, .. Enumerable.Range(1, parts - 1).Select(_ => graph.Random.NextInt64(graph.Chance(0.1) ? 0 : Math.Min(1, size), size + 1)).Order(), size];
        return [.. Enumerable.Range(0, parts).Select(part => cuts[part + 1] - cuts[part])];
    }

    private static void Concat(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1);
        int axis = graph.Random.Next(x.Rank);
        List<FuzzValue> parts = [x];
        int count = graph.Integer(1, 4);
        for (int part = 1; part < count; part++)
        {
            FuzzValue? other = graph.Chance(0.1) ? x : graph.Find(value => value.Type == x.Type && value.Rank == x.Rank && Enumerable.Range(0, x.Rank).All(other => other == axis || value.Shape[other] == x.Shape[other]));
            long[] shape = [.. x.Shape];
            shape[axis] = graph.SmallSize();
            parts.Insert(graph.Integer(0, parts.Count), other ?? graph.Operand(x.Type, shape));
        }

        graph.Node("Concat", [.. parts], ("axis", graph.Chance(0.3) ? axis - x.Rank : axis));
    }

    private static void Expand(RandomGraph graph)
    {
        FuzzValue x = graph.Any(0, 4);
        long[] shape = [.. x.Shape.Select(size => size == 1 ? graph.SmallSize() : graph.Chance(0.3) ? 1 : size)];
        shape = graph.Chance(0.3) ? [graph.OneOf<long>(1, 2, 3), .. shape] : shape;
        graph.Node("Expand", [x, graph.Integers(shape)]);
    }

    private static void Tile(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 4);
        graph.Node("Tile", [x, graph.Integers([.. x.Shape.Select(_ => graph.OneOf<long>(1, 1, 2, 3))])]);
    }

    private static void Pad(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 4);
        string mode = graph.Chance(0.6) ? "constant" : graph.OneOf("reflect", "edge", graph.Opset >= 19 ? "wrap" : "edge");
        long[] pads = new long[x.Rank * 2];
        foreach (int axis in Enumerable.Range(0, x.Rank).Where(_ => graph.Chance(0.6)))
        {
            long most = mode is "reflect" or "wrap" ? Math.Max(0, x.Shape[axis] - 1) : 4;
            long least = mode == "constant" && graph.Chance(0.15) ? -Math.Min(1, x.Shape[axis] / 3) : 0;
            (pads[axis], pads[x.Rank + axis]) = (graph.Random.NextInt64(least, Math.Min(most, 4) + 1), graph.Random.NextInt64(least, Math.Min(most, 4) + 1));
        }

        bool hasValue = mode == "constant" && graph.Chance(0.5);
        if (graph.Opset < 11)
        {
            graph.Node("Pad", [x], ("mode", mode), ("pads", pads));
            return;
        }

        graph.Node("Pad", [x, graph.Integers(pads), hasValue ? graph.Constant(x.Type, [], [1]) : null], ("mode", mode));
    }

    private static void Depth(RandomGraph graph)
    {
        int block = graph.Integer(1, 3);
        if (graph.Chance(0.5))
        {
            FuzzValue x = graph.Operand(ElementType.Float32, [graph.Integer(1, 2), block * block * graph.Integer(1, 3), graph.SmallSize(), graph.SmallSize()]);
            graph.Node("DepthToSpace", [x], ("blocksize", block), ("mode", graph.OneOf("DCR", "CRD")));
            return;
        }

        FuzzValue y = graph.Operand(ElementType.Float32, [graph.Integer(1, 2), graph.Integer(1, 3), block * graph.Integer(1, 4), block * graph.Integer(1, 4)]);
        graph.Node("SpaceToDepth", [y], ("blocksize", block));
    }

    private static void ReverseSequence(RandomGraph graph)
    {
        FuzzValue x = graph.Any(2, 4);
        int time = graph.Integer(0, 1);
        long longest = x.Shape[time];
        if (longest == 0)
        {
            throw new RejectedException("empty");
        }

        graph.Node("ReverseSequence", [x, graph.Operand(ElementType.Int64, [x.Shape[1 - time]], 1, longest)], ("time_axis", time), ("batch_axis", 1 - time));
    }

    /// <summary>A reshape whose sizes are computed from other shapes, as exporters write it.</summary>
    private static void Shapes(RandomGraph graph)
    {
        FuzzValue x = graph.Any(2, 4);
        FuzzValue shape = graph.Node("Shape", [x]);
        switch (graph.Integer(0, 4))
        {
            case 0:
                FuzzValue first = graph.Node("Slice", [shape, graph.Integers(0), graph.Integers(1)]);
                graph.Node("Reshape", [x, graph.Node("Concat", [first, graph.Integers(-1)], ("axis", 0))]);
                break;
            case 1:
                FuzzValue one = graph.Node("Gather", [shape, graph.Scalar64(graph.Integer(0, x.Rank - 1))]);
                MovementProductions.AxesNode(graph, "Unsqueeze", one, [0], since: 13);
                break;
            case 2:
                FuzzValue last = graph.Node("Gather", [shape, graph.Integers(-1)]);
                FuzzValue zeros = graph.Node("ConstantOfShape", [shape], ("value", Elements.ToProto("", Elements.Create(x.Type == ElementType.BFloat16 ? ElementType.Float32 : x.Type, [1], [1]))));
                graph.Node("Mul", [last, last]);
                if (x.IsFloat || x.Type is ElementType.Int32 or ElementType.Int64)
                {
                    graph.Node("Add", [zeros, x]);
                }

                break;
            case 3:
                FuzzValue size = graph.Node("Gather", [shape, graph.Scalar64(graph.Integer(0, x.Rank - 1))]);
                FuzzValue range = graph.Node("Range", [graph.Scalar64(0), size, graph.Scalar64(graph.OneOf(1, 1, 2))]);
                graph.Node("Cast", [range], ("to", (int)ElementType.Float32));
                break;
            default:
                graph.Node("Expand", [graph.Operand(x.Type, [x.Shape[^1]]), shape]);
                break;
        }
    }

    /// <summary>Views of views.</summary>
    private static void Views(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 4);
        int length = graph.Integer(2, 5);
        for (int step = 0; step < length && x.Count > 0; step++)
        {
            x = graph.Integer(0, 3) switch
            {
                0 when x.Rank > 0 => Slice(graph, x),
                1 => Reshape(graph, x),
                2 when x.Rank is > 0 and < 5 => AxesNode(graph, "Unsqueeze", x, [graph.Integer(0, x.Rank)], since: 13),
                _ when x.Rank > 1 => Transpose(graph, x),
                _ => Reshape(graph, x),
            };
        }
    }

    /// <summary>Parts of a tensor go different ways and meet again.</summary>
    private static void SplitJoin(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 4);
        int axis = graph.Random.Next(x.Rank);
        int parts = graph.Integer(2, 3);
        if (x.Shape[axis] < parts)
        {
            throw new RejectedException("too small to split");
        }

        FuzzValue[] split = Split(graph, x, axis, Parts(graph, x.Shape[axis], parts));
        FuzzValue[] ways = [.. split.Select(part => graph.Integer(0, 3) switch
        {
            0 => graph.Node(graph.OneOf("Relu", "Tanh", "Neg", "Sigmoid"), [part]),
            1 => graph.Node("Mul", [part, ElementwiseProductions.Partner(graph, part, -2, 2)]),
            2 => graph.Node("Softmax", [part], ("axis", axis)),
            _ => part,
        })];
        if (ways.Any(way => !way.Shape.Where((size, at) => at != axis).SequenceEqual(x.Shape.Where((size, at) => at != axis))))
        {
            return;
        }

        graph.Random.Shuffle(ways);
        graph.Node("Concat", ways, ("axis", axis));
    }
}
