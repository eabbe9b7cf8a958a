using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Attention in primitive operators and as operators, rotations of positions.</summary>
internal static class AttentionProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("attention-spelled", 2.5, Spelled),
        new("attention-block", 1.5, Block),
        new("rotary-spelled", 1, SpelledRotary),
        new("attention", 0.7, Operator),
        new("multihead", 0.7, MultiHead),
        new("skipnorm", 0.7, SkipNormalization),
        new("contrib-activations", 0.6, Activations),
    ];

    private static FuzzValue Number(RandomGraph graph, double value) => graph.Constant(ElementType.Float32, [], [value]);

    /// <summary>Softmax(q·kᵀ·scale + mask)·v on four axes.</summary>
    private static FuzzValue Spelled(RandomGraph graph, FuzzValue query, FuzzValue key, FuzzValue value)
    {
        long heads = query.Shape[1], rows = query.Shape[2], size = query.Shape[3], columns = key.Shape[2];
        double scale = 1 / Math.Sqrt(size);
        if (graph.Chance(0.2))
        {
            query = graph.Node("Mul", [query, Number(graph, scale)]);
        }

        FuzzValue scores = graph.Node("MatMul", [query, graph.Node("Transpose", [key], ("perm", new long[] { 0, 1, 3, 2 }))]);
        scores = graph.Integer(0, 2) switch
        {
            0 => graph.Node("Mul", [scores, Number(graph, scale)]),
            1 => graph.Node("Div", [scores, Number(graph, 1 / scale)]),
            _ => scores,
        };
        switch (graph.Integer(0, 5))
        {
            case 0:
                scores = graph.Node("Add", [scores, graph.Operand(ElementType.Float32, [graph.Chance(0.5) ? 1 : query.Shape[0], graph.Chance(0.5) ? 1 : heads, rows, columns])]);
                break;
            case 1:
                double[] causal = [.. Enumerable.Range(0, (int)(rows * columns)).Select(index => index % columns <= index / columns ? 0.0 : -1e4)];
                scores = graph.Node("Add", [scores, graph.Constant(ElementType.Float32, [1, 1, rows, columns], causal)]);
                break;
            case 2:
                FuzzValue seen = graph.Operand(ElementType.Boolean, [query.Shape[0], 1, graph.Chance(0.5) ? 1 : rows, columns], 0, 1);
                scores = graph.Node("Where", [seen, scores, Number(graph, graph.Chance(0.5) ? -1e4 : -1e9)]);
                break;
            case 3:
                FuzzValue kept = graph.Operand(ElementType.Float32, [query.Shape[0], 1, 1, columns], 0, 1);
                scores = graph.Node("Add", [scores, graph.Node("Mul", [graph.Node("Sub", [Number(graph, 1), kept]), Number(graph, -1e4)])]);
                break;
        }

        FuzzValue weights = graph.Node("Softmax", [scores], ("axis", -1));
        if (graph.Chance(0.1))
        {
            weights = graph.Nodes("Dropout", [weights], 1)[0];
        }

        return graph.Node("MatMul", [weights, value]);
    }

    private static void Spelled(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(1, 2, 3, 4), rows = graph.Size(), columns = graph.Chance(0.5) ? rows : graph.Size(), size = graph.OneOf<long>(1, 4, 8, 16, 20, 32, 64);
        (rows, columns) = (Math.Min(rows, 70), Math.Min(columns, 70));
        if (rows * columns == 0)
        {
            throw new RejectedException("empty");
        }

        FuzzValue query = graph.Operand(ElementType.Float32, [batch, heads, rows, size]);
        FuzzValue key = graph.Input(ElementType.Float32, [batch, heads, columns, size]);
        FuzzValue value = graph.Chance(0.1) ? key : graph.Input(ElementType.Float32, [batch, heads, columns, graph.Chance(0.8) ? size : graph.SmallSize()]);
        FuzzValue result = Spelled(graph, query, key, value);
        if (graph.Chance(0.6))
        {
            FuzzValue moved = graph.Node("Transpose", [result], ("perm", new long[] { 0, 2, 1, 3 }));
            graph.Node("Reshape", [moved, graph.Integers(0, 0, -1)]);
        }
    }

    /// <summary>A whole layer: projections, heads, rotations perhaps, attention, output projection, residual.</summary>
    private static void Block(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), rows = graph.OneOf<long>(1, 2, 3, 5, 8, 16, 17, 33), heads = graph.OneOf<long>(1, 2, 4), size = graph.OneOf<long>(2, 4, 8, 16, 32);
        long width = heads * size;
        FuzzValue x = graph.Input(ElementType.Float32, [batch, rows, width], -1, 1);
        long keyHeads = graph.Chance(0.3) && heads % 2 == 0 ? heads / 2 : heads;
        FuzzValue Head(long count, bool rotates)
        {
            FuzzValue projected = graph.Node("MatMul", [x, graph.Constant(ElementType.Float32, [width, count * size], -0.5, 0.5)]);
            if (graph.Chance(0.4))
            {
                projected = graph.Node("Add", [projected, graph.Constant(ElementType.Float32, [count * size])]);
            }

            FuzzValue split = graph.Node("Reshape", [projected, graph.Integers(0, 0, count, size)]);
            FuzzValue moved = graph.Node("Transpose", [split], ("perm", new long[] { 0, 2, 1, 3 }));
            return rotates ? Rotate(graph, moved) : moved;
        }

        bool isRotary = graph.Chance(0.4);
        FuzzValue query = Head(heads, isRotary), key = Head(keyHeads, isRotary), value = Head(keyHeads, rotates: false);
        if (keyHeads != heads)
        {
            key = Repeat(graph, key, heads / keyHeads);
            value = Repeat(graph, value, heads / keyHeads);
        }

        FuzzValue result = graph.Node("Transpose", [Spelled(graph, query, key, value)], ("perm", new long[] { 0, 2, 1, 3 }));
        FuzzValue joined = graph.Node("Reshape", [result, graph.Integers(0, 0, width)]);
        FuzzValue output = graph.Node("MatMul", [joined, graph.Constant(ElementType.Float32, [width, width], -0.5, 0.5)]);
        graph.Node("Add", [x, output]);
    }

    private static FuzzValue Repeat(RandomGraph graph, FuzzValue heads, long times)
    {
        long[] shape = heads.Shape;
        FuzzValue wider = MovementProductions.AxesNode(graph, "Unsqueeze", heads, [2], since: 13);
        FuzzValue expanded = graph.Node("Expand", [wider, graph.Integers(shape[0], shape[1], times, shape[2], shape[3])]);
        return graph.Node("Reshape", [expanded, graph.Integers(shape[0], shape[1] * times, shape[2], shape[3])]);
    }

    /// <summary>x · cos + (−second half, first half) · sin.</summary>
    private static FuzzValue Rotate(RandomGraph graph, FuzzValue x)
    {
        long rows = x.Shape[^2], size = x.Shape[^1], half = size / 2;
        FuzzValue cosines = graph.Operand(ElementType.Float32, [rows, size], -1, 1), sines = graph.Operand(ElementType.Float32, [rows, size], -1, 1);
        long[] axis = [x.Rank - 1];
        FuzzValue Part(long from, long to) => graph.Opset >= 10
            ? graph.Node("Slice", [x, graph.Integers(from), graph.Integers(to), graph.Integers(axis)])
            : graph.Node("Slice", [x], ("axes", axis), ("starts", new[] { from }), ("ends", new[] { to }));
        FuzzValue turned = graph.Node("Concat", [graph.Node("Neg", [Part(half, size)]), Part(0, half)], ("axis", -1));
        return graph.Node("Add", [graph.Node("Mul", [x, cosines]), graph.Node("Mul", [turned, sines])]);
    }

    private static void SpelledRotary(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.Rank == 4 && value.Shape[3] % 2 == 0 && value.Shape[3] > 0 && value.IsFinite)
            ?? graph.Input(ElementType.Float32, [graph.Integer(1, 2), graph.Integer(1, 4), graph.OneOf<long>(1, 2, 5, 17), graph.OneOf<long>(2, 4, 8, 16, 32, 64)]);
        Rotate(graph, x);
    }

    private static void Operator(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(2, 4), keyHeads = graph.Chance(0.3) ? heads / 2 : heads, rows = graph.Integer(1, 18), columns = graph.Chance(0.6) ? rows : graph.Integer(1, 18), size = graph.OneOf<long>(4, 8, 16);
        bool isFlat = graph.Chance(0.4);
        FuzzValue Make(long count, long length) => graph.Input(ElementType.Float32, isFlat ? [batch, length, count * size] : [batch, count, length, size], openAxes: isFlat ? 2 : 4);
        List<(string, object)> attributes = [];
        if (isFlat)
        {
            attributes.AddRange([("q_num_heads", heads), ("kv_num_heads", keyHeads)]);
        }

        if (graph.Chance(0.4))
        {
            attributes.Add(("is_causal", 1));
        }

        if (graph.Chance(0.2))
        {
            attributes.Add(("softcap", 2f));
        }

        FuzzValue? mask = graph.Chance(0.4) ? graph.Operand(ElementType.Float32, [rows, columns]) : null;
        graph.Node("Attention", [Make(heads, rows), Make(keyHeads, columns), Make(keyHeads, columns), mask], [.. attributes]);
    }

    private static void MultiHead(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(1, 2, 4), rows = graph.Integer(1, 18), columns = graph.Chance(0.6) ? rows : graph.Integer(1, 18), size = graph.OneOf<long>(4, 8, 16);
        long width = heads * size;
        FuzzValue query = graph.Input(ElementType.Float32, [batch, rows, width], openAxes: 2);
        FuzzValue key = graph.Input(ElementType.Float32, [batch, columns, width], openAxes: 2), value = graph.Input(ElementType.Float32, [batch, columns, width], openAxes: 2);
        FuzzValue? bias = graph.Chance(0.3) ? graph.Operand(ElementType.Float32, [3 * width]) : null;
        FuzzValue? mask = graph.Chance(0.3) ? graph.Input(ElementType.Int32, [batch, columns], 0, 1) : null;
        FuzzValue? added = graph.Chance(0.3) ? graph.Operand(ElementType.Float32, [1, heads, rows, columns]) : null;
        graph.Contrib("MultiHeadAttention", [query, key, value, bias, mask, added], ("num_heads", heads));
    }

    private static void SkipNormalization(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.Rank == 3 && value.IsFinite) ?? graph.Input(ElementType.Float32, graph.Shape(3, 3));
        FuzzValue skip = graph.Operand(ElementType.Float32, x.Shape);
        FuzzValue Vector() => graph.Operand(ElementType.Float32, [x.Shape[^1]]);
        if (graph.Chance(0.5))
        {
            graph.Contrib("SkipSimplifiedLayerNormalization", [x, skip, Vector(), graph.Chance(0.4) ? Vector() : null], ("epsilon", 1e-5f));
            return;
        }

        graph.Contrib("SkipLayerNormalization", [x, skip, Vector(), graph.Chance(0.7) ? Vector() : null, graph.Chance(0.4) ? Vector() : null], ("epsilon", 1e-5f));
    }

    private static void Activations(RandomGraph graph)
    {
        FuzzValue x = graph.Single(1, 4);
        FuzzValue bias = graph.Operand(ElementType.Float32, [x.Shape[^1]]);
        switch (graph.Integer(0, 3))
        {
            case 0:
                graph.Contrib("BiasGelu", [x, bias]);
                break;
            case 1:
                graph.Contrib("FastGelu", [x, graph.Chance(0.5) ? bias : null]);
                break;
            case 2:
                graph.Contrib("QuickGelu", [x], ("alpha", 1.702f));
                break;
            default:
                graph.Contrib("Gelu", [x]);
                break;
        }
    }
}
