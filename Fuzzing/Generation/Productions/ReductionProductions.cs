using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Sums, maxima and what is made of them: softmax and norms, as operators and spelled out.</summary>
internal static class ReductionProductions
{
    private static readonly string[] Reductions = ["ReduceSum", "ReduceSum", "ReduceMean", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceLogSum"];

    public static IReadOnlyList<Production> All { get; } =
    [
        new("reduce", 5, Reduce),
        new("softmax", 3, Softmax),
        new("softmax-spelled", 1, SpelledSoftmax),
        new("layernorm", 2, LayerNormalization),
        new("layernorm-spelled", 2, SpelledLayerNormalization),
        new("rmsnorm-spelled", 1.5, SpelledRootMeanSquare),
        new("rmsnorm", 0.7, static graph => { FuzzValue x = graph.Single(2, 4); graph.Node("RMSNormalization", [x, Scale(graph, x)], ("epsilon", 1e-5f)); }),
        new("instancenorm", 0.7, InstanceNormalization),
        new("groupnorm", 0.7, GroupNormalization),
        new("batchnorm", 0.7, BatchNormalization),
        new("lpnorm", 0.4, static graph => { FuzzValue x = graph.Single(1, 4); graph.Node("LpNormalization", [x], ("axis", graph.Axis(x.Rank)), ("p", graph.Integer(1, 2))); }),
        new("lrn", 0.3, static graph => graph.Node("LRN", [graph.Single(4, 4)], ("size", graph.OneOf(3, 5)), ("alpha", 0.01f))),
        new("mvn", 0.3, static graph => graph.Node("MeanVarianceNormalization", [graph.Single(4, 4)])),
        new("gelu-spelled", 2, SpelledGelu),
        new("swish-spelled", 1.5, SpelledSwish),
        new("logsoftmax-loss", 0.3, Loss),
    ];

    private static FuzzValue Scale(RandomGraph graph, FuzzValue x) => graph.Operand(x.Type, [x.Shape[^1]], -2, 2);

    public static FuzzValue Reduce(RandomGraph graph, string type, FuzzValue x, long[]? axes, bool keep)
    {
        if (x.Count == 0)
        {
            // ONNX Runtime leaves the empty axis as it is.
            throw new RejectedException("nothing to reduce");
        }

        int since = type == "ReduceSum" ? 13 : 18;
        return MovementProductions.AxesNode(graph, type, x, axes, since, ("keepdims", keep ? 1 : 0));
    }

    private static void Reduce(RandomGraph graph)
    {
        string type = graph.OneOf(Reductions);
        FuzzValue x = type is "ReduceSum" or "ReduceMax" or "ReduceMin" or "ReduceMean" && graph.Chance(0.25)
            ? graph.Find(static value => value.Type is ElementType.Int32 or ElementType.Int64 or ElementType.Int8 or ElementType.UInt8 or ElementType.Float64 && value.IsFinite) ?? graph.Single(1)
            : graph.Single(0);
        if (type is "ReduceLogSum" && x.Low <= 0.01)
        {
            type = "ReduceMean";
        }

        long[]? axes = x.Rank == 0 || graph.Chance(0.15) ? null : graph.Chance(0.4) ? [-1] : graph.Axes(x.Rank);
        Reduce(graph, type, x, axes, graph.Chance(0.6));
    }

    private static void Softmax(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1);
        graph.Node(graph.OneOf("Softmax", "Softmax", "Softmax", "LogSoftmax", "Hardmax"), [x], graph.Chance(0.6) ? [("axis", -1)] : [("axis", graph.Axis(x.Rank))]);
    }

    private static void SpelledSoftmax(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1);
        long[] axis = graph.Chance(0.7) ? [-1] : [graph.Axis(x.Rank)];
        FuzzValue shifted = graph.Chance(0.7) ? graph.Node("Sub", [x, Reduce(graph, "ReduceMax", x, axis, keep: true)]) : x;
        if (shifted.High > 20)
        {
            throw new RejectedException("too large for exponentials");
        }

        FuzzValue exponentials = graph.Node("Exp", [shifted]);
        graph.Node("Div", [exponentials, Reduce(graph, "ReduceSum", exponentials, axis, keep: true)]);
    }

    private static void LayerNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 4);
        int axis = graph.Chance(0.7) ? -1 : graph.Integer(1, x.Rank - 1);
        long[] shape = x.Shape[((axis + x.Rank) % x.Rank)..];
        FuzzValue input = graph.Chance(0.3) ? graph.Node("Add", [x, ElementwiseProductions.Partner(graph, x, -10, 10)]) : x;
        graph.Nodes("LayerNormalization", [input, graph.Operand(ElementType.Float32, shape), graph.Chance(0.7) ? graph.Operand(ElementType.Float32, shape) : null], graph.Chance(0.85) ? 1 : 3, ("axis", axis), ("epsilon", 1e-5f));
    }

    private static void SpelledLayerNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 4);
        long[] axes = graph.Chance(0.8) ? [-1] : [1];
        FuzzValue mean = Reduce(graph, "ReduceMean", x, axes, keep: true);
        FuzzValue difference = graph.Node("Sub", [x, mean]);
        FuzzValue square = graph.Chance(0.6) ? graph.Node("Pow", [difference, graph.Constant(ElementType.Float32, [], [2])]) : graph.Node("Mul", [difference, difference]);
        FuzzValue variance = Reduce(graph, "ReduceMean", square, axes, keep: true);
        FuzzValue root = graph.Node("Sqrt", [graph.Node("Add", [variance, graph.Constant(ElementType.Float32, [], [graph.OneOf(1e-5, 1e-6, 1e-12, 1e-3)])])]);
        FuzzValue normal = graph.Chance(0.8) ? graph.Node("Div", [difference, root]) : graph.Node("Mul", [difference, graph.Node("Reciprocal", [root])]);
        if (graph.Chance(0.8))
        {
            FuzzValue scaled = graph.Node("Mul", graph.Chance(0.5) ? [normal, Scale(graph, x)] : [Scale(graph, x), normal]);
            graph.Node("Add", [scaled, Scale(graph, x)]);
        }
    }

    private static void SpelledRootMeanSquare(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 4);
        FuzzValue square = graph.Chance(0.6) ? graph.Node("Pow", [x, graph.Constant(ElementType.Float32, [], [2])]) : graph.Node("Mul", [x, x]);
        FuzzValue mean = Reduce(graph, "ReduceMean", square, [-1], keep: true);
        FuzzValue root = graph.Node("Sqrt", [graph.Node("Add", [mean, graph.Constant(ElementType.Float32, [], [1e-6])])]);
        FuzzValue normal = graph.Chance(0.5) ? graph.Node("Div", [x, root]) : graph.Node("Mul", [x, graph.Node("Reciprocal", [root])]);
        graph.Node("Mul", graph.Chance(0.5) ? [normal, Scale(graph, x)] : [Scale(graph, x), normal]);
    }

    private static void InstanceNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Single(3, 4);
        if (x.Shape.Skip(2).Aggregate(1L, static (product, size) => product * size) < 4)
        {
            // ONNX Runtime scales before it subtracts the mean, which cancels all digits where there is little else than the mean.
            throw new RejectedException("too few elements");
        }

        graph.Node("InstanceNormalization", [x, graph.Operand(ElementType.Float32, [x.Shape[1]]), graph.Operand(ElementType.Float32, [x.Shape[1]])], ("epsilon", 1e-4f));
    }

    private static void GroupNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Single(3, 4);
        long channels = x.Shape[1];
        long[] groups = [.. Enumerable.Range(1, (int)Math.Max(1, channels)).Select(static group => (long)group).Where(group => channels % group == 0)];
        long count = graph.OneOf<long>(groups);
        long parameters = graph.Opset >= 21 ? channels : count;
        graph.Node("GroupNormalization", [x, graph.Operand(ElementType.Float32, [parameters]), graph.Operand(ElementType.Float32, [parameters])], ("num_groups", count), ("epsilon", 1e-4f));
    }

    private static void BatchNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 4);
        graph.Node("BatchNormalization", [x, .. BatchParameters(graph, x.Shape[1])]);
    }

    public static FuzzValue[] BatchParameters(RandomGraph graph, long channels) =>
    [
        graph.Constant(ElementType.Float32, [channels], 0.5, 1.5), graph.Constant(ElementType.Float32, [channels]),
        graph.Constant(ElementType.Float32, [channels]), graph.Constant(ElementType.Float32, [channels], 0.3, 2),
    ];

    private static void SpelledGelu(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1);
        FuzzValue input = graph.Chance(0.5) ? graph.Node("Add", [x, ElementwiseProductions.Partner(graph, x, -3, 3)]) : x;
        FuzzValue Number(double value) => graph.Constant(ElementType.Float32, graph.Chance(0.8) ? [] : [1], [value]);
        FuzzValue inner;
        if (graph.Chance(0.6))
        {
            inner = graph.Node("Erf", [graph.Chance(0.5) ? graph.Node("Div", [input, Number(Math.Sqrt(2))]) : graph.Node("Mul", [input, Number(Math.Sqrt(0.5))])]);
        }
        else
        {
            FuzzValue cube = graph.Node("Mul", [Number(0.044715), graph.Node("Pow", [input, Number(3)])]);
            inner = graph.Node("Tanh", [graph.Node("Mul", [graph.Node("Add", [input, cube]), Number(Math.Sqrt(2 / Math.PI))])]);
        }

        FuzzValue gate = graph.Node("Add", [inner, Number(graph.Chance(0.9) ? 1 : 1.5)]);
        if (graph.Chance(0.5))
        {
            graph.Node("Mul", [graph.Node("Mul", [input, gate]), Number(0.5)]);
        }
        else
        {
            graph.Node("Mul", [graph.Node("Mul", [Number(0.5), input]), gate]);
        }
    }

    private static void SpelledSwish(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1);
        FuzzValue gate = graph.Integer(0, 2) switch
        {
            0 => graph.Node("Sigmoid", [x]),
            1 => graph.Node("Sigmoid", [graph.Node("Mul", [x, graph.Constant(ElementType.Float32, [], [1.702])])]),
            _ => graph.Node("HardSigmoid", [x], ("alpha", 1 / 6f)),
        };
        FuzzValue swish = graph.Node("Mul", graph.Chance(0.5) ? [x, gate] : [gate, x]);
        if (graph.Chance(0.4))
        {
            graph.Node("Mul", [swish, ElementwiseProductions.Partner(graph, swish, -10, 10)]);
        }
    }

    private static void Loss(RandomGraph graph)
    {
        FuzzValue x = graph.Single(2, 3);
        if (x.Shape.Contains(0))
        {
            throw new RejectedException("empty");
        }

        FuzzValue labels = graph.Operand(ElementType.Int64, [x.Shape[0], .. x.Shape.Skip(2)], 0, x.Shape[1] - 1);
        graph.Nodes("SoftmaxCrossEntropyLoss", [x, labels], graph.Integer(1, 2), ("reduction", graph.OneOf("none", "mean", "sum")));
    }
}
