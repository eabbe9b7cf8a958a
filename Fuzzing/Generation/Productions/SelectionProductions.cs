using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Operators whose results are as long as data say.</summary>
internal static class SelectionProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("nonzero", 0.7, NonZero),
        new("compress", 0.6, Compress),
        new("unique", 0.5, Unique),
        new("nms", 0.4, Suppress),
        new("data-shape", 0.6, FromData),
    ];

    /// <summary>Numbers that are not computed, so that rounding does not decide how many there are.</summary>
    private static FuzzValue Exact(RandomGraph graph, int minimumRank, int maximumRank) =>
        graph.Find(value => (value.IsInteger || value.IsBoolean) && value.Rank >= minimumRank && value.Rank <= maximumRank)
        ?? graph.Input(graph.OneOf(ElementType.Float32, ElementType.Int64, ElementType.Boolean, ElementType.Int32), graph.Shape(minimumRank, maximumRank), -2, 2);

    private static void NonZero(RandomGraph graph)
    {
        FuzzValue x = Exact(graph, 1, 3);
        FuzzValue places = graph.Node("NonZero", [x]);
        if (graph.Chance(0.5))
        {
            graph.Node("GatherND", [x, graph.Node("Transpose", [places], ("perm", new long[] { 1, 0 }))]);
        }
        else if (graph.Chance(0.5))
        {
            graph.Node("ReduceSum", [graph.Node("Cast", [places], ("to", (int)ElementType.Float32))], ("keepdims", 0));
        }
    }

    private static void Compress(RandomGraph graph)
    {
        FuzzValue x = graph.Any(1, 3);
        bool isFlat = graph.Chance(0.3);
        long axis = graph.Opset >= 11 ? graph.Axis(x.Rank) : graph.Integer(0, x.Rank - 1);
        long size = isFlat ? x.Count : x.Shape[(axis + x.Rank) % x.Rank];
        FuzzValue kept = graph.Operand(ElementType.Boolean, [graph.Chance(0.7) ? size : Math.Max(0, size - 1)], 0, 1);
        FuzzValue result = graph.Node("Compress", [x, kept], isFlat ? [] : [("axis", axis)]);
        if (result.IsFloat && graph.Chance(0.5))
        {
            graph.Node(graph.OneOf("Relu", "Tanh", "Neg"), [result]);
        }
    }

    private static void Unique(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type is ElementType.Int64 or ElementType.Int8 && value.Rank is > 0 and < 4) ?? graph.Input(graph.OneOf(ElementType.Int64, ElementType.Float32), graph.Shape(1, 2), -3, 3);
        graph.Nodes("Unique", [x], graph.OneOf(1, 2, 4), [("sorted", graph.Integer(0, 1)), .. graph.Chance(0.3) ? new (string, object)[] { ("axis", graph.Axis(x.Rank)) } : []]);
    }

    private static void Suppress(RandomGraph graph)
    {
        long batches = graph.Integer(1, 2), classes = graph.Integer(1, 3), boxes = graph.Integer(1, 24);
        FuzzValue places = graph.Input(ElementType.Float32, [batches, boxes, 4], 0, 4);
        FuzzValue scores = graph.Input(ElementType.Float32, [batches, classes, boxes], 0, 1);
        graph.Node(
            "NonMaxSuppression",
            [places, scores, graph.Constant(ElementType.Int64, [1], [graph.Integer(0, 6)]), graph.Constant(ElementType.Float32, [1], [0.3]), graph.Chance(0.6) ? graph.Constant(ElementType.Float32, [1], [0.2]) : null],
            ("center_point_box", 1));
    }

    /// <summary>Shapes, repetitions and limits that a run brings as data.</summary>
    private static void FromData(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 2);
        switch (graph.Integer(0, 4))
        {
            case 0:
                graph.Node("Tile", [x, graph.Input(ElementType.Int64, [x.Rank], 0, 3, openAxes: 0)]);
                break;
            case 1:
                graph.Node("ConstantOfShape", [graph.Input(ElementType.Int64, [graph.Integer(1, 3)], 0, 5, openAxes: 0)]);
                break;
            case 2:
                graph.Node("Range", [graph.Constant(ElementType.Int64, [], [0]), graph.Input(ElementType.Int64, [], 0, 20), graph.Constant(ElementType.Int64, [], [graph.Integer(1, 3)])]);
                break;
            case 3 when x.Shape[0] > 0:
                graph.Node("Slice", [x, graph.Integers(0), graph.Input(ElementType.Int64, [1], -3, 9, openAxes: 0), graph.Integers(0)]);
                break;
            default:
                graph.Node("TopK", [x, graph.Input(ElementType.Int64, [1], 0, Math.Max(0, x.Shape[^1]), openAxes: 0)]);
                break;
        }
    }
}
