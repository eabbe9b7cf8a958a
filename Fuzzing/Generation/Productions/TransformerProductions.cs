using Cameo.Sessions;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Attention with a past, grouped heads and other masks, rotations as operators, and what transformers of com.microsoft are made of.</summary>
internal static class TransformerProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("attention-past", 0.8, Past),
        new("attention-contrib", 0.5, Attention),
        new("grouped-attention", 0.6, Grouped),
        new("rotary", 0.5, Rotary),
        new("rotary-contrib", 0.4, ContribRotary),
        new("embedding", 0.3, Embedding),
        new("fused-conv", 0.4, FusedConvolution),
        new("fused-gemm", 0.3, FusedGemm),
        new("simplified-norm", 0.3, static graph => { FuzzValue x = graph.Single(2, 4); graph.Node("SimplifiedLayerNormalization", [x, graph.Operand(ElementType.Float32, [x.Shape[^1]])], ("axis", -1), ("epsilon", 1e-5f)); }),
    ];

    /// <summary>Attention of opset 23 and later with keys and values from before.</summary>
    private static void Past(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(2, 4), keyHeads = graph.Chance(0.4) ? heads / 2 : heads, rows = graph.Integer(1, 9), size = graph.OneOf<long>(4, 8, 16);
        long past = graph.Integer(1, 9), total = past + rows;
        FuzzValue Make(long count, long length) => graph.Input(ElementType.Float32, [batch, count, length, size]);
        FuzzValue? mask = graph.Integer(0, 3) switch
        {
            0 => graph.Operand(ElementType.Float32, [rows, total]),
            1 => graph.Operand(ElementType.Boolean, [batch, 1, rows, total], 0, 1),
            _ => null,
        };
        List<(string, object)> attributes = graph.Chance(0.5) ? [("is_causal", 1)] : [];
        if (graph.Chance(0.3))
        {
            attributes.Add(("scale", 0.3f));
        }

        graph.Nodes("Attention", [Make(heads, rows), Make(keyHeads, rows), Make(keyHeads, rows), mask, Make(keyHeads, past), Make(keyHeads, past)], 3, [.. attributes]);
    }

    private static void Attention(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(1, 2, 4), rows = graph.Integer(1, 18), size = graph.OneOf<long>(4, 8, 16), width = heads * size;
        FuzzValue x = graph.Operand(ElementType.Float32, [batch, rows, width]);
        FuzzValue? mask = graph.Integer(0, 3) switch
        {
            0 => graph.Input(ElementType.Int32, [batch, rows], 0, 1),
            1 => graph.Input(ElementType.Int32, [batch], 1, rows),
            _ => null,
        };
        graph.Contrib(
            "Attention", [x, graph.Constant(ElementType.Float32, [width, 3 * width], -0.5, 0.5), graph.Constant(ElementType.Float32, [3 * width]), mask],
            ("num_heads", heads), ("unidirectional", graph.Integer(0, 1)));
    }

    private static void Grouped(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.OneOf<long>(2, 4), keyHeads = graph.OneOf<long>(1, 2), rows = graph.Integer(1, 9), size = graph.OneOf<long>(8, 16);
        long past = graph.Chance(0.4) ? graph.Integer(1, 8) : 0;
        FuzzValue Make(long count) => graph.Input(ElementType.Float32, [batch, rows, count * size], openAxes: 2);
        FuzzValue? Cache() => past > 0 ? graph.Input(ElementType.Float32, [batch, keyHeads, past, size]) : null;
        FuzzValue lengths = graph.Constant(ElementType.Int32, [batch], [.. Enumerable.Repeat((double)(past + rows - 1), (int)batch)]);
        bool isRotary = graph.Chance(0.4);
        FuzzValue? Table() => isRotary ? graph.Constant(ElementType.Float32, [32, size / 2]) : null;
        List<(string, object)> attributes = [("num_heads", heads), ("kv_num_heads", keyHeads), ("do_rotary", isRotary ? 1 : 0)];
        if (graph.Chance(0.3))
        {
            attributes.Add(("local_window_size", graph.Integer(1, 6)));
        }

        if (graph.Chance(0.2))
        {
            attributes.Add(("softcap", 3f));
        }

        // Several new rows on top of a past are an error of the reference where the batch has more than one sequence.
        if (past > 0 && rows > 1 && batch > 1)
        {
            throw new RejectedException("several rows after a past");
        }

        graph.Node(
            "com.microsoft", "GroupQueryAttention",
            [Make(heads), Make(keyHeads), Make(keyHeads), Cache(), Cache(), lengths, graph.Constant(ElementType.Int32, [], [(double)(past + rows)]), Table(), Table()], 3, [.. attributes]);
    }

    private static void Rotary(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.Integer(1, 4), rows = graph.Integer(1, 9), size = graph.OneOf<long>(4, 8, 16, 32);
        bool isFlat = graph.Chance(0.4), hasPositions = graph.Chance(0.6);
        FuzzValue x = graph.Input(ElementType.Float32, isFlat ? [batch, rows, heads * size] : [batch, heads, rows, size], openAxes: isFlat ? 2 : 4);
        long rotated = graph.Chance(0.3) ? size / 2 : size;
        long[] table = hasPositions ? [16, rotated / 2] : [batch, rows, rotated / 2];
        FuzzValue Table() => hasPositions ? graph.Constant(ElementType.Float32, table) : graph.Operand(ElementType.Float32, table, -1, 1);
        List<(string, object)> attributes = [("interleaved", graph.Integer(0, 1))];
        if (isFlat)
        {
            attributes.Add(("num_heads", heads));
        }

        if (rotated < size)
        {
            attributes.Add(("rotary_embedding_dim", rotated));
        }

        graph.Node(
            "RotaryEmbedding", [x, Table(), Table(), hasPositions ? graph.Operand(ElementType.Int64, [batch, rows], 0, 15) : null],
            [.. attributes]);
    }

    private static void ContribRotary(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), heads = graph.Integer(1, 4), rows = graph.Integer(1, 9), size = graph.OneOf<long>(4, 8, 16, 32);
        bool isFlat = graph.Chance(0.5);
        FuzzValue x = graph.Input(ElementType.Float32, isFlat ? [batch, rows, heads * size] : [batch, heads, rows, size], openAxes: isFlat ? 2 : 4);
        FuzzValue positions = graph.Chance(0.5) ? graph.Operand(ElementType.Int64, [batch, rows], 0, 15) : graph.Operand(ElementType.Int64, [1], 0, 16 - rows);
        // (Constants, as the reference reads beyond tables that are shorter than positions say.)
        graph.Contrib(
            "RotaryEmbedding", [x, positions, graph.Constant(ElementType.Float32, [16, size / 2]), graph.Constant(ElementType.Float32, [16, size / 2])],
            ("interleaved", graph.Integer(0, 1)));
    }

    private static void Embedding(RandomGraph graph)
    {
        long batch = graph.Integer(1, 2), rows = graph.Integer(1, 8), width = graph.OneOf<long>(4, 8, 17, 32);
        FuzzValue words = graph.Input(ElementType.Int32, [batch, rows], 0, 9);
        FuzzValue? segments = graph.Chance(0.5) ? graph.Input(ElementType.Int32, [batch, rows], 0, 1) : null;
        FuzzValue Table(long count) => graph.Constant(ElementType.Float32, [count, width]);
        graph.Node(
            "com.microsoft", "EmbedLayerNormalization",
            [words, segments, Table(10), Table(12), segments is null ? null : Table(2), graph.Constant(ElementType.Float32, [width]), graph.Constant(ElementType.Float32, [width])], 2, ("epsilon", 1e-5f));
    }

    private static void FusedConvolution(RandomGraph graph)
    {
        FuzzValue x = graph.Input(ElementType.Float32, [1, graph.OneOf<long>(1, 3, 8), graph.Integer(3, 9), graph.Integer(3, 9)]);
        FuzzValue weights = graph.Constant(ElementType.Float32, [graph.OneOf<long>(1, 4, 17), x.Shape[1], 3, 3]);
        (string name, float[] parameters) = graph.OneOf(("Relu", Array.Empty<float>()), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.1f]), ("Clip", [0f, 6f]));
        List<(string, object)> attributes = [("activation", name), ("pads", new long[] { 1, 1, 1, 1 })];
        if (parameters.Length > 0)
        {
            attributes.Add(("activation_params", parameters));
        }

        graph.Contrib("FusedConv", [x, weights, graph.Chance(0.6) ? graph.Constant(ElementType.Float32, [weights.Shape[0]]) : null], [.. attributes]);
    }

    private static void FusedGemm(RandomGraph graph)
    {
        FuzzValue x = graph.Input(ElementType.Float32, [graph.Integer(1, 9), graph.Integer(1, 33)]);
        long columns = graph.Integer(1, 33);
        graph.Contrib(
            "FusedGemm", [x, graph.Constant(ElementType.Float32, [x.Shape[1], columns]), graph.Constant(ElementType.Float32, [columns])],
            ("activation", graph.OneOf("Relu", "Tanh", "Sigmoid")), ("alpha", (float)graph.Number(0.5, 2)));
    }
}
