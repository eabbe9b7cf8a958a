using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Quantised operators of com.microsoft, and ONNX's own quantised convolution.</summary>
internal static class QuantizedContribProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("qlinear-elements", 1, Elements),
        new("qlinear-pool", 0.5, Pool),
        new("qlinear-concat", 0.4, Concat),
        new("qlinear-conv", 0.8, Convolve),
        new("qgemm", 0.6, Gemm),
        new("integer-to-float", 0.6, ToFloat),
        new("dynamic-matmul", 0.5, Dynamic),
    ];

    private static ElementType ByteType(RandomGraph graph) => graph.OneOf(ElementType.UInt8, ElementType.Int8);

    private static FuzzValue Bytes(RandomGraph graph, ElementType type, params long[] shape) =>
        type == ElementType.UInt8 ? graph.Input(type, shape, 0, 255) : graph.Input(type, shape, -128, 127);

    private static FuzzValue Scale(RandomGraph graph, double low = 0.01, double high = 0.05) => graph.Constant(ElementType.Float32, [], low, high);

    private static FuzzValue Zero(RandomGraph graph, ElementType type) => graph.Constant(type, [], [type == ElementType.UInt8 ? graph.Integer(100, 150) : graph.Integer(-20, 20)]);

    private static void Elements(RandomGraph graph)
    {
        ElementType type = ByteType(graph);
        long[] shape = graph.Shape(1, 4);
        FuzzValue x = Bytes(graph, type, shape);
        FuzzValue scale = Scale(graph), zero = Zero(graph, type);
        switch (graph.Integer(0, 3))
        {
            case 0 or 1:
                FuzzValue y = Bytes(graph, type, graph.Chance(0.7) ? shape : [shape[^1]]);
                graph.Contrib(graph.OneOf("QLinearAdd", "QLinearMul"), [x, scale, zero, y, Scale(graph), Zero(graph, type), Scale(graph, 0.03, 0.1), Zero(graph, type)]);
                break;
            case 2:
                graph.Contrib("QLinearSigmoid", [x, scale, zero, Scale(graph, 0.003, 0.006), Zero(graph, type)]);
                break;
            default:
                // (QLinearSoftmax is left out: the reference divides sums of integers, half a unit off, and its bytes turn over where a row has one element.)
                graph.Contrib("QLinearLeakyRelu", [x, scale, zero, Scale(graph), Zero(graph, type)], ("alpha", 0.1f));
                break;
        }
    }

    private static void Pool(RandomGraph graph)
    {
        ElementType type = ByteType(graph);
        FuzzValue x = Bytes(graph, type, graph.Integer(1, 2), graph.OneOf<long>(1, 3, 8, 17), graph.Integer(3, 9), graph.Integer(3, 9));
        // Means of few integers lie halfway between two where both scales are the same, and rounding decides.
        FuzzValue[] inputs = [x, Scale(graph), Zero(graph, type), Scale(graph, 0.0101), Zero(graph, type)];
        if (graph.Chance(0.5))
        {
            graph.Contrib("QLinearGlobalAveragePool", inputs, ("channels_last", 0));
            return;
        }

        graph.Contrib("QLinearAveragePool", inputs, ("kernel_shape", new long[] { 2, 3 }), ("strides", new long[] { 1, 2 }), ("count_include_pad", graph.Integer(0, 1)));
    }

    private static void Concat(RandomGraph graph)
    {
        ElementType type = ByteType(graph);
        long rows = graph.SmallSize();
        FuzzValue[] parts = [.. Enumerable.Range(0, graph.Integer(1, 3)).SelectMany(_ => new[] { Bytes(graph, type, rows, graph.Integer(1, 9)), Scale(graph), Zero(graph, type) })];
        graph.Contrib("QLinearConcat", [Scale(graph), Zero(graph, type), .. parts], ("axis", 1));
    }

    private static void Convolve(RandomGraph graph)
    {
        ElementType type = ByteType(graph), weightType = type == ElementType.Int8 ? ElementType.Int8 : ByteType(graph);
        long channels = graph.OneOf<long>(1, 2, 3, 8, 16);
        bool isDepthwise = graph.Chance(0.3);
        long outputs = isDepthwise ? channels : graph.OneOf<long>(1, 4, 8, 17), size = graph.OneOf<long>(1, 2, 3);
        FuzzValue x = Bytes(graph, type, graph.Integer(1, 2), channels, graph.Integer(3, 9), graph.Integer(3, 9));
        long[] shape = [outputs, isDepthwise ? 1 : channels, size, size];
        FuzzValue weights = weightType == ElementType.UInt8 ? graph.Constant(weightType, shape, 0, 255) : graph.Constant(weightType, shape, -127, 127);
        bool isPerChannel = weightType == ElementType.Int8 && graph.Chance(0.5);
        FuzzValue scales = graph.Constant(ElementType.Float32, isPerChannel ? [outputs] : [], 0.005, 0.02);
        FuzzValue zeros = graph.Constant(weightType, isPerChannel ? [outputs] : [], [.. Enumerable.Repeat(weightType == ElementType.UInt8 ? 128.0 : 0, isPerChannel ? (int)outputs : 1)]);
        FuzzValue? bias = graph.Chance(0.5) ? graph.Constant(ElementType.Int32, [outputs], -2000, 2000) : null;
        long pad = graph.Integer(0, (int)size / 2);
        graph.Node(
            "QLinearConv", [x, Scale(graph), Zero(graph, type), weights, scales, zeros, Scale(graph, 0.05, 0.3), Zero(graph, type), bias],
            ("pads", new[] { pad, pad, pad, pad }), ("group", isDepthwise ? channels : 1), ("strides", graph.Chance(0.7) ? new long[] { 1, 1 } : [2, 1]));
    }

    private static void Gemm(RandomGraph graph)
    {
        ElementType type = ByteType(graph);
        long rows = graph.SmallSize(), depth = graph.Integer(1, 40), columns = graph.Integer(1, 33);
        bool left = graph.Chance(0.3), right = graph.Chance(0.5);
        FuzzValue x = Bytes(graph, type, left ? [depth, rows] : [rows, depth]);
        FuzzValue weights = graph.Constant(ElementType.Int8, right ? [columns, depth] : [depth, columns], -127, 127);
        FuzzValue? bias = graph.Chance(0.5) ? graph.Constant(ElementType.Int32, [columns], -500, 500) : null;
        bool isFloat = graph.Chance(0.4);
        FuzzValue?[] inputs = [x, Scale(graph), Zero(graph, type), weights, Scale(graph), graph.Constant(ElementType.Int8, [], [0]), bias];
        graph.Contrib("QGemm", isFloat ? inputs : [.. inputs, Scale(graph, 0.05, 0.3), Zero(graph, type)], ("transA", left ? 1 : 0), ("transB", right ? 1 : 0), ("alpha", 1f));
    }

    private static void ToFloat(RandomGraph graph)
    {
        ElementType type = ByteType(graph);
        FuzzValue x = Bytes(graph, type, [.. graph.Shape(1, 2), graph.Integer(1, 40)]);
        long columns = graph.Integer(1, 33);
        FuzzValue weights = graph.Constant(ElementType.Int8, [x.Shape[^1], columns], -127, 127);
        bool isPerColumn = graph.Chance(0.4);
        FuzzValue scales = graph.Constant(ElementType.Float32, isPerColumn ? [columns] : [], 0.01, 0.05);
        graph.Contrib(
            "MatMulIntegerToFloat",
            [x, weights, Scale(graph), scales, graph.Chance(0.7) ? Zero(graph, type) : null, null, graph.Chance(0.5) ? graph.Constant(ElementType.Float32, [columns]) : null]);
    }

    private static void Dynamic(RandomGraph graph)
    {
        FuzzValue x = graph.Input(ElementType.Float32, [.. graph.Shape(1, 2), graph.Integer(1, 40)]);
        FuzzValue weights = graph.Constant(ElementType.Int8, [x.Shape[^1], graph.Integer(1, 33)], -127, 127);
        graph.Contrib("DynamicQuantizeMatMul", [x, weights, Scale(graph), null, graph.Chance(0.5) ? graph.Constant(ElementType.Float32, [weights.Shape[1]]) : null]);
    }
}
