using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Transforms of signals, windows, determinants, and preprocessing of classical models.</summary>
internal static class SignalProductions
{
    private const string Classical = "ai.onnx.ml";

    public static IReadOnlyList<Production> All { get; } =
    [
        new("dft", 0.5, Transform),
        new("stft", 0.3, ShortTransform),
        new("window", 0.3, static graph => graph.Node(graph.OneOf("HannWindow", "HammingWindow", "BlackmanWindow"), [graph.Constant(ElementType.Int64, [], [graph.Integer(1, 40)])], ("periodic", graph.Integer(0, 1)))),
        new("det", 0.3, Determinant),
        new("ml-rows", 0.6, Rows),
        new("ml-linear", 0.3, Linear),
    ];

    private static void Transform(RandomGraph graph)
    {
        FuzzValue x = graph.Input(ElementType.Float32, [graph.Integer(1, 3), graph.Integer(1, 33), graph.Integer(1, 2)], openAxes: 2);
        bool isReal = x.Shape[2] == 1;
        FuzzValue? length = graph.Chance(0.3) ? graph.Constant(ElementType.Int64, [], [graph.Integer(1, 40)]) : null;
        (string, object)[] attributes = isReal && graph.Chance(0.5) ? [("onesided", 1)] : !isReal && graph.Chance(0.4) ? [("inverse", 1)] : [];
        if (graph.Opset >= 20)
        {
            Keep(graph.Node("DFT", [x, length, graph.Constant(ElementType.Int64, [], [1])], attributes));
            return;
        }

        Keep(graph.Node("DFT", [x, length], [.. attributes, ("axis", 1)]));
    }

    /// <summary>Sums in which everything cancels are 0 in one order and nearly 0 in another, which roundings, signs and comparisons would turn into whole numbers.</summary>
    private static void Keep(FuzzValue result) => result.IsFinal = true;

    private static void ShortTransform(RandomGraph graph)
    {
        long frame = graph.OneOf<long>(4, 8, 15, 16);
        FuzzValue x = graph.Input(ElementType.Float32, [graph.Integer(1, 2), frame + graph.Integer(0, 40), 1]);
        FuzzValue? window = graph.Chance(0.7) ? graph.Operand(ElementType.Float32, [frame], 0, 1) : null;
        Keep(graph.Node("STFT", [x, graph.Constant(ElementType.Int64, [], [graph.Integer(1, 8)]), window, graph.Constant(ElementType.Int64, [], [frame])], ("onesided", graph.Integer(0, 1))));
    }

    private static void Determinant(RandomGraph graph)
    {
        long size = graph.Integer(1, 5);
        graph.Node("Det", [graph.Input(ElementType.Float32, [.. graph.Chance(0.6) ? new[] { graph.SmallSize() } : [], size, size])]);
    }

    private static FuzzValue Table(RandomGraph graph) => graph.Find(static value => value.Type == ElementType.Float32 && value.Rank == 2 && value.Count > 0 && value.IsFinite)
        ?? graph.Input(ElementType.Float32, [graph.Integer(1, 9), graph.Integer(1, 17)]);

    private static float[] Numbers(RandomGraph graph, long count, double low = -1, double high = 1) => [.. Enumerable.Range(0, (int)count).Select(_ => (float)graph.Number(low, high))];

    private static void Rows(RandomGraph graph)
    {
        FuzzValue x = Table(graph);
        long columns = x.Shape[1];
        switch (graph.Integer(0, 4))
        {
            case 0:
                graph.Node(Classical, "Scaler", [x], 1, ("offset", Numbers(graph, graph.Chance(0.5) ? columns : 1)), ("scale", Numbers(graph, graph.Chance(0.5) ? columns : 1)));
                break;
            case 1:
                graph.Node(Classical, "Normalizer", [x], 1, ("norm", graph.OneOf("MAX", "L1", "L2")));
                break;
            case 2:
                graph.Node(Classical, "Binarizer", [x], 1, ("threshold", 0.3f));
                break;
            case 3:
                graph.Node(Classical, "Imputer", [x], 1, ("imputed_value_floats", Numbers(graph, columns)), ("replaced_value_float", 0f));
                break;
            default:
                graph.Node(Classical, "ArrayFeatureExtractor", [x, graph.Operand(ElementType.Int64, [graph.Integer(1, 4)], 0, columns - 1)], 1);
                break;
        }
    }

    private static void Linear(RandomGraph graph)
    {
        FuzzValue x = Table(graph);
        long targets = graph.Integer(1, 4);
        graph.Node(
            Classical, "LinearRegressor", [x], 1, ("targets", targets), ("coefficients", Numbers(graph, targets * x.Shape[1])), ("intercepts", Numbers(graph, targets)),
            ("post_transform", graph.OneOf("NONE", "SOFTMAX", "LOGISTIC")));
    }
}
