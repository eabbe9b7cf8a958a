using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Operators that read or write at computed places, or order elements.</summary>
internal static class IndexingProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("gather", 2.5, Gather),
        new("gatherelements", 1, GatherElements),
        new("gathernd", 0.8, GatherMany),
        new("scatterelements", 0.8, ScatterElements),
        new("scatternd", 0.8, ScatterMany),
        new("topk", 1, TopK),
        new("argmax", 1, ArgMax),
        new("cumsum", 0.8, CumulativeSum),
        new("onehot", 0.6, OneHot),
        new("eyelike", 0.3, static graph => graph.Node("EyeLike", [graph.Single(2, 2)], ("k", graph.Integer(-2, 2)), ("dtype", (int)graph.OneOf(ElementType.Float32, ElementType.Int64)))),
        new("range", 0.5, Range),
    ];

    private static ElementType IndexType(RandomGraph graph) => graph.Chance(0.75) ? ElementType.Int64 : ElementType.Int32;

    private static long Axis(RandomGraph graph, FuzzValue x, out long size)
    {
        long axis = graph.Axis(x.Rank);
        size = x.Shape[(axis + x.Rank) % x.Rank];
        return size > 0 ? axis : throw new RejectedException("nothing to index");
    }

    private static void Gather(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 4);
        long axis = Axis(graph, x, out long size);
        long[] shape = graph.Chance(0.3) ? [] : graph.Chance(0.7) ? [graph.SmallSize()] : [graph.SmallSize(), graph.SmallSize()];
        graph.Node("Gather", [x, graph.Operand(IndexType(graph), shape, -size, size - 1)], ("axis", axis));
    }

    private static void GatherElements(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 4);
        long axis = Axis(graph, x, out long size);
        long[] shape = [.. x.Shape.Select(size => graph.Chance(0.6) ? size : graph.Random.NextInt64(Math.Min(size, 1), size + 1))];
        shape[(axis + x.Rank) % x.Rank] = graph.SmallSize();
        graph.Node("GatherElements", [x, graph.Operand(IndexType(graph), shape, -size, size - 1)], ("axis", axis));
    }

    private static void GatherMany(RandomGraph graph)
    {
        FuzzValue x = graph.Any(2, 4);
        int batch = graph.Chance(0.3) ? 1 : 0;
        int depth = graph.Integer(1, x.Rank - batch);
        long smallest = x.Shape.Skip(batch).Take(depth).Min();
        if (smallest == 0)
        {
            throw new RejectedException("nothing to index");
        }

        long[] shape = [.. x.Shape.Take(batch), graph.SmallSize(), depth];
        graph.Node("GatherND", [x, graph.Operand(ElementType.Int64, shape, -smallest, smallest - 1)], ("batch_dims", batch));
    }

    private static void ScatterElements(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 4);
        long axis = Axis(graph, x, out long size);
        long[] shape = [.. x.Shape.Select(size => graph.Chance(0.6) ? size : graph.Random.NextInt64(Math.Min(size, 1), size + 1))];
        string reduction = graph.Opset >= 18 ? graph.OneOf("none", "add", "mul", "max", "min") : graph.Opset >= 16 ? graph.OneOf("none", "add") : "none";
        int place = (int)((axis + x.Rank) % x.Rank);
        FuzzValue indices;
        if (reduction == "none")
        {
            // Which of several elements for one place stays is open; so each place once.
            shape[place] = Math.Min(shape[place], size);
            indices = graph.Constant(ElementType.Int64, shape, Distinct(graph, shape, place, size));
        }
        else
        {
            indices = graph.Operand(IndexType(graph), shape, -size, size - 1);
        }

        (string, object)[] attributes = reduction == "none" && graph.Chance(0.5) ? [("axis", axis)] : [("axis", axis), ("reduction", reduction)];
        graph.Node(graph.Opset >= 11 ? "ScatterElements" : "Scatter", [x, indices, graph.Operand(x.Type, shape)], graph.Opset >= 16 ? attributes : [("axis", axis)]);
    }

    private static double[] Distinct(RandomGraph graph, long[] shape, int axis, long size)
    {
        long inner = 1;
        for (int other = axis + 1; other < shape.Length; other++)
        {
            inner *= shape[other];
        }

        double[] indices = new double[Models.Elements.Count(shape)];
        double[] places = [.. Enumerable.Range(0, (int)size).Select(static place => (double)place)];
        graph.Random.Shuffle(places);
        for (int index = 0; index < indices.Length; index++)
        {
            indices[index] = places[index / inner % shape[axis]];
        }

        return indices;
    }

    private static void ScatterMany(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 3);
        int depth = graph.Integer(1, x.Rank);
        if (x.Shape.Contains(0))
        {
            throw new RejectedException("nothing to index");
        }

        long count = graph.Integer(1, (int)Math.Min(4, x.Shape[0]));
        double[] indices = new double[count * depth];
        double[] rows = [.. Enumerable.Range(0, (int)x.Shape[0]).Select(static row => (double)row)];
        graph.Random.Shuffle(rows);
        for (int row = 0; row < count; row++)
        {
            for (int column = 0; column < depth; column++)
            {
                indices[(row * depth) + column] = column == 0 ? rows[row] - (graph.Chance(0.2) ? x.Shape[0] : 0) : graph.Random.NextInt64(x.Shape[column]);
            }
        }

        string reduction = graph.Opset >= 18 ? graph.OneOf("none", "add", "mul", "max", "min") : graph.Opset >= 16 ? graph.OneOf("none", "add", "mul") : "none";
        FuzzValue updates = graph.Operand(x.Type, [count, .. x.Shape.Skip(depth)]);
        graph.Node("ScatterND", [x, graph.Constant(ElementType.Int64, [count, depth], indices), updates], graph.Opset >= 16 ? [("reduction", reduction)] : []);
    }

    private static void TopK(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 3);
        long axis = Axis(graph, x, out long size);
        graph.Nodes("TopK", [x, graph.Integers(graph.Random.NextInt64(size + 1))], 2, ("axis", axis), ("largest", graph.Integer(0, 1)));
    }

    private static void ArgMax(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Rank > 0 && value.Type is ElementType.Float32 or ElementType.Int32 or ElementType.Int8 or ElementType.UInt8 && value.IsFinite) ?? graph.Single(1);
        if (x.Rank == 0)
        {
            throw new RejectedException("no axis");
        }

        (string, object)[] attributes = [("axis", Axis(graph, x, out _)), ("keepdims", graph.Integer(0, 1))];
        graph.Node(graph.OneOf("ArgMax", "ArgMin"), [x], graph.Opset >= 12 ? [.. attributes, ("select_last_index", graph.Integer(0, 1))] : attributes);
    }

    private static void CumulativeSum(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Rank > 0 && ((value.Type is ElementType.Float32 or ElementType.Float64 && value.IsFinite) || value.Type is ElementType.Int32 or ElementType.Int64)) ?? graph.Single(1, 4);
        graph.Node("CumSum", [x, graph.Constant(ElementType.Int64, [], [(double)graph.Axis(x.Rank)])], ("exclusive", graph.Integer(0, 1)), ("reverse", graph.Integer(0, 1)));
    }

    private static void OneHot(RandomGraph graph)
    {
        FuzzValue indices = graph.Operand(graph.OneOf(ElementType.Int64, ElementType.Float32), graph.Shape(0, 3), -6, 6);
        if (indices.IsFloat)
        {
            indices = graph.Node("Round", [indices]);
        }

        FuzzValue depth = graph.Constant(ElementType.Int64, graph.Chance(0.5) ? [] : [1], [(double)graph.Integer(1, 8)]);
        graph.Node("OneHot", [indices, depth, graph.Constant(ElementType.Float32, [2], [graph.Integer(-1, 0), 1])], ("axis", graph.Integer(-1, indices.Rank)));
    }

    private static void Range(RandomGraph graph)
    {
        if (graph.Chance(0.5))
        {
            graph.Node("Range", [graph.Constant(ElementType.Float32, [], [graph.Number(-2, 2)]), graph.Constant(ElementType.Float32, [], [graph.Number(2, 9)]), graph.Constant(ElementType.Float32, [], [graph.Number(0.2, 2)])]);
            return;
        }

        ElementType type = IndexType(graph);
        graph.Node("Range", [graph.Constant(type, [], [10]), graph.Constant(type, [], [graph.Integer(-10, 9)]), graph.Constant(type, [], [-graph.Integer(1, 4)])]);
    }
}
