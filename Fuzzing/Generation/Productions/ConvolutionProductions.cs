using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Convolutions, pooling and resampling.</summary>
internal static class ConvolutionProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("conv", 4, Convolve),
        new("conv-block", 2.5, Block),
        new("convtranspose", 1, Transposed),
        new("pool", 2, Pool),
        new("globalpool", 1, static graph => graph.Node(graph.OneOf("GlobalAveragePool", "GlobalMaxPool"), [Image(graph)])),
        new("lppool", 0.3, static graph => graph.Node("LpPool", [Image(graph)], ("kernel_shape", new long[] { 2, 2 }), ("p", graph.Integer(1, 3)))),
        new("resize", 1.2, Resize),
    ];

    private static FuzzValue Image(RandomGraph graph, int rank = 4)
    {
        if (graph.Find(value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank == rank && value.High < 1000 && value.Low > -1000 && value.Shape.Skip(2).All(static size => size >= 3)) is { } existing)
        {
            return existing;
        }

        long[] space = [.. Enumerable.Range(0, rank - 2).Select(_ => graph.OneOf<long>(3, 4, 5, 7, 8, 10, 13, 14, 16, 17, 28))];
        if (rank == 5)
        {
            space = [.. space.Select(static size => Math.Min(size, 8))];
        }

        return graph.Input(ElementType.Float32, [graph.OneOf<long>(1, 1, 2), graph.OneOf<long>(1, 2, 3, 4, 6, 8, 16, 17, 32), .. space]);
    }

    private static long[] Spread(RandomGraph graph, int count, params long[] choices)
    {
        long same = graph.OneOf<long>(choices);
        return [.. Enumerable.Range(0, count).Select(_ => graph.Chance(0.8) ? same : graph.OneOf<long>(choices))];
    }

    private static List<(string, object)> Window(RandomGraph graph, FuzzValue x, long[] kernel, bool hasDilations, bool isPool)
    {
        int count = x.Rank - 2;
        List<(string, object)> attributes = [];
        if (isPool || graph.Chance(0.8))
        {
            attributes.Add(("kernel_shape", kernel));
        }

        if (graph.Chance(0.5))
        {
            attributes.Add(("strides", Spread(graph, count, 1, 2, 2, 3)));
        }

        if (hasDilations && graph.Chance(0.25))
        {
            attributes.Add(("dilations", Spread(graph, count, 1, 2)));
        }

        if (graph.Chance(0.15))
        {
            attributes.Add(("auto_pad", graph.OneOf("SAME_UPPER", "SAME_LOWER", "VALID")));
        }
        else if (graph.Chance(0.6))
        {
            long[] half = [.. kernel.Select(static size => size / 2)];
            attributes.Add(("pads", graph.Chance(0.7)
                ? [.. half, .. half]
                : (long[])[.. Enumerable.Range(0, count * 2).Select(index => graph.Random.NextInt64(isPool ? kernel[index % count] : 3))]));
        }

        return attributes;
    }

    private static FuzzValue Convolve(RandomGraph graph, FuzzValue x, bool isConstant)
    {
        int count = x.Rank - 2;
        long channels = x.Shape[1];
        long groups = graph.Integer(0, 5) switch
        {
            0 => channels,
            1 when channels % 2 == 0 => 2,
            2 when channels % 4 == 0 => 4,
            _ => 1,
        };
        long outputs = groups * (groups == channels ? graph.OneOf<long>(1, 1, 1, 2) : graph.OneOf<long>(1, 2, 3, 4, 5, 8, 16, 17, 32, 33));
        long[] kernel = Spread(graph, count, 1, 1, 3, 3, 3, 2, 5);
        List<(string, object)> attributes = Window(graph, x, kernel, hasDilations: true, isPool: false);
        if (groups > 1)
        {
            attributes.Add(("group", groups));
        }

        long[] shape = [outputs, channels / groups, .. kernel];
        FuzzValue weights = isConstant ? graph.Constant(ElementType.Float32, shape) : graph.Input(ElementType.Float32, shape, -1, 1);
        FuzzValue? bias = graph.Chance(0.6) ? graph.Operand(ElementType.Float32, [outputs]) : null;
        return graph.Node("Conv", [x, weights, bias], [.. attributes]);
    }

    private static void Convolve(RandomGraph graph) => Convolve(graph, Image(graph, graph.OneOf(3, 4, 4, 4, 4, 5)), graph.Chance(0.85));

    private static FuzzValue Activation(RandomGraph graph, FuzzValue x) => graph.Integer(0, 7) switch
    {
        0 or 1 => graph.Node("Relu", [x]),
        2 => graph.Node("Clip", [x, graph.Constant(ElementType.Float32, [], [0]), graph.Constant(ElementType.Float32, [], [6])]),
        3 => graph.Node("HardSwish", [x]),
        4 => graph.Node("Mul", [x, graph.Node("Sigmoid", [x])]),
        5 => graph.Node("LeakyRelu", [x], ("alpha", 0.1f)),
        _ => x,
    };

    /// <summary>Convolution, batch normalisation, activation, residual or concatenation.</summary>
    private static void Block(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        long channels = x.Shape[1];
        FuzzValue y = Convolve(graph, x, isConstant: true);
        if (graph.Chance(0.6))
        {
            y = graph.Node("BatchNormalization", [y, .. ReductionProductions.BatchParameters(graph, y.Shape[1])]);
        }

        y = Activation(graph, y);
        if (graph.Chance(0.4))
        {
            y = Convolve(graph, y, isConstant: true);
        }

        if (graph.Chance(0.3))
        {
            // Squeeze and excitation.
            FuzzValue pooled = graph.Node("GlobalAveragePool", [y]);
            FuzzValue weights = graph.Constant(ElementType.Float32, [y.Shape[1], y.Shape[1], 1, 1]);
            y = graph.Node("Mul", [y, graph.Node("Sigmoid", [graph.Node("Conv", [pooled, weights])])]);
        }

        if (y.Shape.SequenceEqual(x.Shape) && graph.Chance(0.7))
        {
            Activation(graph, graph.Node("Add", graph.Chance(0.5) ? [x, y] : [y, x]));
        }
        else if (y.Shape.Skip(2).SequenceEqual(x.Shape.Skip(2)) && graph.Chance(0.6))
        {
            graph.Node("Concat", [x, y], ("axis", 1));
        }
        else
        {
            graph.Node("Add", [y, graph.Operand(ElementType.Float32, graph.Chance(0.5) ? [y.Shape[1], 1, 1] : y.Shape)]);
        }
    }

    private static void Transposed(RandomGraph graph)
    {
        FuzzValue x = Image(graph, graph.OneOf(3, 4, 4, 4));
        int count = x.Rank - 2;
        long groups = x.Shape[1] % 2 == 0 && graph.Chance(0.2) ? 2 : 1;
        long[] kernel = Spread(graph, count, 1, 2, 3, 3, 4);
        long[] strides = Spread(graph, count, 1, 2, 2, 3);
        List<(string, object)> attributes = [("strides", strides), ("kernel_shape", kernel)];
        if (groups > 1)
        {
            attributes.Add(("group", groups));
        }

        if (graph.Chance(0.4))
        {
            attributes.Add(("pads", Enumerable.Range(0, count * 2).Select(index => graph.Random.NextInt64(Math.Min(2, kernel[index % count]))).ToArray()));
        }

        if (graph.Chance(0.3))
        {
            attributes.Add(("output_padding", strides.Select(stride => graph.Random.NextInt64(stride)).ToArray()));
        }

        if (graph.Chance(0.2))
        {
            attributes.Add(("dilations", Spread(graph, count, 1, 2)));
        }

        long outputs = graph.OneOf<long>(1, 2, 3, 4, 8, 17);
        graph.Node("ConvTranspose", [x, graph.Operand(ElementType.Float32, [x.Shape[1], outputs, .. kernel]), graph.Chance(0.5) ? graph.Operand(ElementType.Float32, [outputs * groups]) : null], [.. attributes]);
    }

    private static void Pool(RandomGraph graph)
    {
        FuzzValue x = Image(graph, graph.OneOf(3, 4, 4, 4, 5));
        int count = x.Rank - 2;
        bool isMaximum = graph.Chance(0.5);
        List<(string, object)> attributes = Window(graph, x, Spread(graph, count, 1, 2, 3, 3), hasDilations: isMaximum || graph.Opset >= 19, isPool: true);
        if (graph.Chance(0.25))
        {
            attributes.Add(("ceil_mode", 1));
        }

        if (isMaximum)
        {
            graph.Nodes("MaxPool", [x], graph.Chance(0.15) ? 2 : 1, [.. attributes]);
            return;
        }

        graph.Node("AveragePool", [x], [.. attributes, ("count_include_pad", graph.Integer(0, 1))]);
    }

    private static void Resize(RandomGraph graph)
    {
        FuzzValue x = Image(graph);
        string mode = graph.OneOf("nearest", "linear", "cubic");
        List<(string, object)> attributes = [("mode", mode)];
        string coordinates = graph.OneOf("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel");
        if (coordinates != "half_pixel" || graph.Chance(0.5))
        {
            attributes.Add(("coordinate_transformation_mode", coordinates));
        }

        if (mode == "nearest")
        {
            attributes.Add(("nearest_mode", graph.OneOf("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")));
        }

        if (mode == "linear" && graph.Opset >= 18 && graph.Chance(0.3))
        {
            attributes.Add(("antialias", 1));
        }

        FuzzValue? none = graph.Opset >= 13 ? null : graph.Constant(ElementType.Float32, [0], []);
        if (graph.Chance(0.5))
        {
            // Where scales leave a part of an element, ONNX's reference aligns corners with it and ONNX Runtime without.
            double scale = coordinates == "align_corners" ? graph.OneOf(2.0, 3.0) : graph.OneOf(2.0, 2.0, 0.5, 1.5, 3.0);
            graph.Node("Resize", [x, none, graph.Constant(ElementType.Float32, [4], [1, 1, scale, graph.Chance(0.8) ? scale : 2])], [.. attributes]);
            return;
        }

        long[] sizes = [x.Shape[0], x.Shape[1], graph.Integer(1, 20), graph.Integer(1, 20)];
        graph.Node("Resize", [x, none, none is null ? null : graph.Constant(ElementType.Float32, [0], []), graph.Integers(sizes)], [.. attributes]);
    }
}
