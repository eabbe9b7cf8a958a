using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Quantised operators and the chains of quantisation that tools put around others.</summary>
internal static class QuantizedProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("quantize", 1.5, static graph => Quantize(graph, graph.Single(1, 4))),
        new("quantize-pair", 1.5, static graph => Pair(graph, graph.Single(1, 4))),
        new("qdq-layer", 2, Layer),
        new("qdq-conv", 1.2, Convolve),
        new("qlinear-matmul", 1, LinearMatMul),
        new("matmul-integer", 1, MatMulInteger),
        new("dynamic-quantize", 0.7, Dynamic),
        new("conv-integer", 0.5, ConvolveInteger),
    ];

    private static ElementType ByteType(RandomGraph graph) => graph.OneOf(ElementType.UInt8, ElementType.Int8);

    private static double Zero(RandomGraph graph, ElementType type) => type == ElementType.UInt8 ? graph.Integer(100, 150) : graph.Chance(0.5) ? 0 : graph.Integer(-20, 20);

    private static FuzzValue Scale(RandomGraph graph, double largest) => graph.Constant(ElementType.Float32, [], [Math.Max(largest, 0.01) / 127 * graph.Number(0.8, 1.2)]);

    private static double Largest(FuzzValue x) => Math.Max(Math.Abs(x.Low), Math.Abs(x.High));

    private static FuzzValue Quantize(RandomGraph graph, FuzzValue x)
    {
        ElementType type = ByteType(graph);
        return graph.Node("QuantizeLinear", [x, Scale(graph, Largest(x)), graph.Constant(type, [], [Zero(graph, type)])]);
    }

    /// <summary>Quantised and back.</summary>
    private static FuzzValue Pair(RandomGraph graph, FuzzValue x)
    {
        ElementType type = ByteType(graph);
        FuzzValue scale = Scale(graph, Largest(x)), zero = graph.Constant(type, [], [Zero(graph, type)]);
        FuzzValue quantized = graph.Node("QuantizeLinear", [x, scale, zero]);
        quantized = graph.Integer(0, 6) switch
        {
            0 when quantized.Rank > 1 => MovementProductions.Transpose(graph, quantized),
            1 => MovementProductions.Reshape(graph, quantized),
            _ => quantized,
        };
        return graph.Node("DequantizeLinear", [quantized, scale, zero]);
    }

    private static FuzzValue Weights(RandomGraph graph, long[] shape, int axis)
    {
        ElementType type = graph.Chance(0.8) ? ElementType.Int8 : ElementType.UInt8;
        FuzzValue numbers = type == ElementType.Int8 ? graph.Constant(type, shape, -127, 127) : graph.Constant(type, shape, 0, 255);
        bool isPerChannel = graph.Chance(0.5);
        long[] channels = isPerChannel ? [shape[axis]] : [];
        FuzzValue scale = graph.Constant(ElementType.Float32, channels, 0.002, 0.01);
        FuzzValue zero = graph.Constant(type, channels, [.. Enumerable.Repeat(type == ElementType.Int8 ? 0.0 : 128, isPerChannel ? (int)shape[axis] : 1)]);
        return graph.Node("DequantizeLinear", [numbers, scale, zero], isPerChannel ? [("axis", axis)] : []);
    }

    private static FuzzValue Input(RandomGraph graph, int minimumRank, int maximumRank) =>
        graph.Find(value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank >= minimumRank && value.Rank <= maximumRank && Largest(value) is < 100 and > 0.01)
        ?? graph.Input(ElementType.Float32, graph.Shape(minimumRank, maximumRank));

    private static void Layer(RandomGraph graph)
    {
        FuzzValue x = Pair(graph, Input(graph, 2, 3));
        if (x.Rank is < 2 or > 3)
        {
            return;
        }

        long columns = graph.Size();
        FuzzValue product;
        if (x.Rank == 2 && graph.Chance(0.4))
        {
            FuzzValue weights = Weights(graph, [columns, x.Shape[1]], 0);
            product = graph.Node("Gemm", [x, weights, graph.Constant(ElementType.Float32, [columns])], ("transB", 1));
        }
        else
        {
            product = graph.Node("MatMul", [x, Weights(graph, [x.Shape[^1], columns], 1)]);
            product = graph.Chance(0.5) ? graph.Node("Add", [product, graph.Constant(ElementType.Float32, [columns])]) : product;
        }

        product = graph.Chance(0.4) ? graph.Node("Relu", [product]) : product;
        if (graph.Chance(0.8))
        {
            Pair(graph, product);
        }
    }

    private static void Convolve(RandomGraph graph)
    {
        FuzzValue image = graph.Input(ElementType.Float32, [graph.Integer(1, 2), graph.OneOf<long>(1, 3, 4, 8, 16), graph.Integer(3, 12), graph.Integer(3, 12)]);
        FuzzValue x = graph.Node("DequantizeLinear", Arguments(graph, image));
        long channels = image.Shape[1];
        bool isDepthwise = graph.Chance(0.3);
        long outputs = isDepthwise ? channels : graph.OneOf<long>(1, 4, 8, 17, 32);
        long size = graph.OneOf<long>(1, 3);
        FuzzValue weights = Weights(graph, [outputs, isDepthwise ? 1 : channels, size, size], 0);
        long pad = graph.Integer(0, (int)size / 2);
        FuzzValue y = graph.Node(
            "Conv", [x, weights, graph.Chance(0.6) ? graph.Constant(ElementType.Float32, [outputs]) : null],
            ("pads", new[] { pad, pad, pad, pad }), ("strides", graph.Chance(0.7) ? new long[] { 1, 1 } : [2, 2]), ("group", isDepthwise ? channels : 1));
        y = graph.Chance(0.5) ? graph.Node("Relu", [y]) : y;
        FuzzValue back = graph.Chance(0.8) ? graph.Node("DequantizeLinear", Arguments(graph, y)) : y;
        if (back.Shape.SequenceEqual(x.Shape) && graph.Chance(0.7))
        {
            Pair(graph, graph.Node("Add", [x, back]));
        }
    }

    /// <summary>The quantised value with its scale and zero point.</summary>
    private static FuzzValue[] Arguments(RandomGraph graph, FuzzValue x)
    {
        ElementType type = ByteType(graph);
        FuzzValue scale = Scale(graph, Largest(x)), zero = graph.Constant(type, [], [Zero(graph, type)]);
        return [graph.Node("QuantizeLinear", [x, scale, zero]), scale, zero];
    }

    private static void LinearMatMul(RandomGraph graph)
    {
        FuzzValue[] left = Arguments(graph, Input(graph, 2, 3));
        long inner = left[0].Shape[^1], columns = graph.Size();
        FuzzValue weights = graph.Constant(left[0].Type == ElementType.Int8 ? ElementType.Int8 : ByteType(graph), [inner, columns], 0, 127);
        double zero = graph.Integer(0, 60);
        ElementType result = left[0].Type;
        graph.Node(
            "QLinearMatMul",
            [.. left, weights, graph.Constant(ElementType.Float32, [], [0.01]), graph.Constant(weights.Type, [], [zero]),
            graph.Constant(ElementType.Float32, [], [graph.Number(0.02, 0.5)]), graph.Constant(result, [], [Zero(graph, result)])]);
    }

    private static void MatMulInteger(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type is ElementType.UInt8 or ElementType.Int8 && value.Rank is 2 or 3) ?? graph.Input(ElementType.UInt8, graph.Shape(2, 3), 0, 255);
        if (x.Rank < 2 || x.Type is not (ElementType.UInt8 or ElementType.Int8))
        {
            throw new RejectedException("no bytes");
        }

        FuzzValue weights = graph.Constant(ElementType.Int8, [x.Shape[^1], graph.Size()], -127, 127);
        FuzzValue zero = graph.Constant(x.Type, [], [x.Type == ElementType.UInt8 ? 128 : 3]);
        FuzzValue product = graph.Node("MatMulInteger", [x, weights, graph.Chance(0.7) ? zero : null]);
        FuzzValue numbers = graph.Node("Cast", [product], ("to", (int)ElementType.Float32));
        graph.Node("Mul", [numbers, graph.Constant(ElementType.Float32, [], [1e-4])]);
    }

    /// <summary>What dynamic quantisation makes of a matrix product.</summary>
    private static void Dynamic(RandomGraph graph)
    {
        FuzzValue x = Input(graph, 2, 3);
        FuzzValue[] quantized = graph.Nodes("DynamicQuantizeLinear", [x], 3);
        FuzzValue weights = graph.Constant(ElementType.Int8, [x.Shape[^1], graph.Size()], -127, 127);
        FuzzValue product = graph.Node("MatMulInteger", [quantized[0], weights, quantized[2]]);
        FuzzValue numbers = graph.Node("Cast", [product], ("to", (int)ElementType.Float32));
        FuzzValue scale = graph.Node("Mul", [quantized[1], graph.Constant(ElementType.Float32, [], [0.005])]);
        FuzzValue result = graph.Node("Mul", [numbers, scale]);
        if (graph.Chance(0.5))
        {
            graph.Node("Add", [result, graph.Constant(ElementType.Float32, [result.Shape[^1]])]);
        }
    }

    private static void ConvolveInteger(RandomGraph graph)
    {
        FuzzValue x = graph.Input(ElementType.UInt8, [1, graph.OneOf<long>(1, 3, 8), graph.Integer(3, 9), graph.Integer(3, 9)], 0, 255);
        FuzzValue weights = graph.Constant(ElementType.UInt8, [graph.OneOf<long>(1, 4, 17), x.Shape[1], 3, 3], 0, 255);
        FuzzValue y = graph.Node("ConvInteger", [x, weights, graph.Constant(ElementType.UInt8, [], [graph.Integer(0, 200)]), graph.Constant(ElementType.UInt8, [], [128])], ("pads", new long[] { 1, 1, 1, 1 }));
        graph.Node("Mul", [graph.Node("Cast", [y], ("to", (int)ElementType.Float32)), graph.Constant(ElementType.Float32, [], [1e-4])]);
    }
}
