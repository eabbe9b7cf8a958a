using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// DecoderAttention and DecoderMaskedSelfAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DecoderAttention.
/// <para>DecoderAttention: query [queries, batch, width] and key [keys, batch, width], weights, caches, a mask that is true where a key is padding. The four flags must be known: <c>static_kv</c> attends
/// to the key, else to the query itself; <c>use_past</c> with <c>has_layer_state</c> takes the caches as they are (static) or puts them before the new keys.</para>
/// <para>DecoderMaskedSelfAttention: one position of each row [batch, 1, width], weights and bias, mask, past [2, batch, heads, past, size], bias of the scores, length of the past. With
/// <c>past_present_share_buffer</c> the keys of past and present lie as [batch, heads, size / x, room, x], where x elements are 16 bytes. Becomes DecoderMaskedMultiHeadAttention. Refused: rotation,
/// beams.</para>
/// </summary>
internal static class DecoderOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("DecoderAttention", InferDecoder, WriteDecoder),
        new ComposedOperator("DecoderMaskedSelfAttention", InferMasked, WriteMasked),
    ];

    private static bool Flag(Node node, int input) => node.Input(input) is { ElementType: ElementType.Boolean, Elements: [{ Value: { } flag }] }
        ? flag != 0
        : throw ModelException.Unsupported(node, $"input {input} ({node.Input(input).Type}) must be one boolean that is known");

    private static (bool IsStatic, bool HasCache, bool HasMask) Flags(Node node) => (Flag(node, 8), Flag(node, 9) && Flag(node, 10), Flag(node, 11));

    private static TensorType[] InferDecoder(Node node)
    {
        (bool isStatic, bool hasCache, bool hasMask) = Flags(node);
        Value query = node.Input(0);
        Shape key = node.Input(1).Shape;
        if (query.ElementType is not (ElementType.Float32 or ElementType.Float16) || query.Shape.Rank != 3 || key.Rank != 3 || query.Shape[2].Value is not { } width)
        {
            throw new ModelException(node, $"a query {query.Type} and a key {key}; needed are float32 or float16 [length, batch, width]");
        }

        for (int input = 1; input < 8; input++)
        {
            if (input != 5 && node.OptionalInput(input) is not null)
            {
                ElementTypeSet.RequireEqual(node, 0, input);
            }
        }

        long heads = Heads(node, width);
        Dimension batch = query.Shape[1];
        RequireShape(node, 1, key[0], batch, width);
        RequireShape(node, 2, width, width);
        RequireShape(node, 3, width, 2 * width);
        RequireShape(node, 4, 3 * width);
        Dimension length = isStatic ? key[0] : query.Shape[0];
        if (hasCache)
        {
            if (node.OptionalInput(6) is not { } cache || node.OptionalInput(7) is null || cache.Shape.Rank != 4)
            {
                throw new ModelException(node, "use_past needs key_cache and value_cache of four axes");
            }

            RequireShape(node, 6, batch, heads, cache.Shape[2], width / heads);
            RequireShape(node, 7, batch, heads, cache.Shape[2], width / heads);
            length = isStatic ? cache.Shape[2] : cache.Shape[2] + length;
        }

        if (hasMask)
        {
            if (node.OptionalInput(5) is not { ElementType: ElementType.Boolean })
            {
                throw new ModelException(node, "has_key_padding_mask needs a mask of booleans");
            }

            RequireShape(node, 5, batch, length);
        }

        var present = new TensorType(query.ElementType, new Shape([batch, heads, length, width / heads]));
        return [query.RequiredType, present, present];
    }

    private static Value[] WriteDecoder(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        (bool isStatic, bool hasCache, bool hasMask) = Flags(node);
        long width = node.Input(0).Shape[2].Constant, heads = Heads(node, width);
        Value query = formula.Widen(node.Input(0)), bias = formula.Widen(node.Input(4));
        Value Part(long start, long end) => context.Add("Slice", bias, context.Integers(start * width), context.Integers(end * width), context.Integers(0));
        Value Projected(Value source, int weights, long start, long end) =>
            formula.Transpose(formula.Add(context.Add("MatMul", source, formula.Widen(node.Input(weights))), Part(start, end)), 1, 0, 2);
        Value queries = Projected(query, 2, 0, 1);
        Value keys, values;
        if (isStatic && hasCache)
        {
            (keys, values) = (formula.Widen(node.Input(6)), formula.Widen(node.Input(7)));
        }
        else
        {
            Value both = Projected(isStatic ? formula.Widen(node.Input(1)) : query, 3, 1, 3);
            context.AddWithOutputs("Split", [("axis", 2L), ("num_outputs", 2L)], [both], 2, out Node split);
            (keys, values) = (split.Outputs[0]!, split.Outputs[1]!);
        }

        bool grows = hasCache && !isStatic;
        Node attention = new AttentionBuilder(queries, keys, values)
        {
            Mask = hasMask ? context.Add("Unsqueeze", context.Add("Not", node.Input(5)), context.Integers(1, 2)) : null,
            PastKey = grows ? formula.Widen(node.Input(6)) : null,
            PastValue = grows ? formula.Widen(node.Input(7)) : null,
            QueryHeads = heads,
            KeyHeads = heads,
            FullyMasked = "nan",
        }.Add(context);
        ElementType type = node.Output.ElementType;
        Value Present(int output) => isStatic && hasCache ? context.Add("Identity", node.Input(5 + output)) : formula.Cast(attention.Outputs[output]!, type);
        return [formula.Cast(formula.Transpose(attention.Output, 1, 0, 2), type), Present(AttentionNode.PresentKey), Present(AttentionNode.PresentValue)];
    }

    private static TensorType[] InferMasked(Node node)
    {
        Value x = node.Input(0);
        if (x.ElementType is not (ElementType.Float32 or ElementType.Float16) || x.Shape.Rank != 3 || x.Shape[1].Value is not (null or 1) || node.Input(1).Shape is not { Rank: 2 } weights || weights[1].Value is not { } all || all % 3 != 0)
        {
            throw new ModelException(node, $"an input {x.Type} and weights {node.Input(1).Shape}; needed are float32 or float16 [batch, 1, width] and [width, 3 · width]");
        }

        if (node.IntegerAttribute("do_rotary", 0) != 0)
        {
            throw ModelException.Unsupported(node, "rotary embedding without tables");
        }

        if (node.OptionalInput(7) is not null || node.OptionalInput(8) is not null)
        {
            throw ModelException.Unsupported(node, "beams");
        }

        foreach (int input in new[] { 1, 2, 4, 5 }.Where(input => node.OptionalInput(input) is not null))
        {
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        long width = all / 3, heads = Heads(node, width);
        if (node.OptionalInput(2) is null || node.OptionalInput(4) is not { Shape.Rank: 5 } past || (SharesBuffer(node) && node.OptionalInput(6) is null))
        {
            throw new ModelException(node, "the bias, a past of five axes and, where past and present share their memory, the past's length are needed");
        }

        RequireShape(node, 2, all);
        RequireShape(node, 4, 2, x.Shape[0], heads, past.Shape[3], width / heads);
        if (SharesBuffer(node) && width / heads % Together(node) != 0)
        {
            throw new ModelException(node, $"heads of {width / heads} elements cannot lie {Together(node)} together");
        }

        Dimension keys = SharesBuffer(node) ? past.Shape[3] : past.Shape[3] + 1;
        return
        [
            new TensorType(x.ElementType, new Shape([x.Shape[0], x.Shape[1], width])),
            new TensorType(x.ElementType, new Shape([2, x.Shape[0], heads, keys, width / heads])),
        ];
    }

    private static bool SharesBuffer(Node node) => node.IntegerAttribute("past_present_share_buffer", 0) != 0;

    /// <summary>Elements of a key that lie together.</summary>
    private static long Together(Node node) => 16 / node.Input(0).ElementType.Bytes();

    private static Value[] WriteMasked(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        ElementType type = node.Output.ElementType;
        Value projected = formula.Add(context.Add("MatMul", formula.Widen(node.Input(0)), formula.Widen(node.Input(1))), formula.Widen(node.Input(2)));
        context.AddWithOutputs("Split", [("axis", 2L), ("num_outputs", 3L)], [formula.Cast(projected, type)], 3, out Node parts);
        Value past = node.Input(4);
        context.AddWithOutputs("Split", [("axis", 0L), ("num_outputs", 2L)], [past], 2, out Node halves);
        (Value pastKey, Value pastValue) = (formula.Squeeze(halves.Outputs[0]!, [0]), formula.Squeeze(halves.Outputs[1]!, [0]));
        bool shares = SharesBuffer(node);
        (Dimension rows, Dimension heads, Dimension room, Dimension size) = (past.Shape[1], past.Shape[2], past.Shape[3], past.Shape[4]);
        Dimension groups = Dimension.FloorDivide(size, Together(node));
        if (shares)
        {
            Value apart = context.Add("Reshape", pastKey, context.Sizes(rows, heads, groups, room, Together(node)));
            pastKey = context.Add("Reshape", formula.Transpose(apart, 0, 1, 3, 2, 4), context.Sizes(rows, heads, room, size));
        }

        string[] shared = ["num_heads", "scale", "mask_filter_value", "past_present_share_buffer"];
        context.AddWithOutputs(
            $"{PointwiseFunction.MicrosoftDomain}.DecoderMaskedMultiHeadAttention",
            [.. node.Attributes.Values.Where(attribute => shared.Contains(attribute.Name)).Select(attribute => (attribute.Name, attribute.Value))],
            [.. parts.Outputs, node.OptionalInput(3), node.OptionalInput(5), pastKey, pastValue, shares ? node.Input(6) : null],
            3,
            out Node attention);
        Value presentKey = attention.Outputs[1]!;
        if (shares)
        {
            Value apart = context.Add("Reshape", presentKey, context.Sizes(rows, heads, room, groups, Together(node)));
            presentKey = context.Add("Reshape", formula.Transpose(apart, 0, 1, 3, 2, 4), context.Sizes(rows, heads, room, size));
        }

        Value present = context.Add("Concat", [("axis", 0L)], context.Add("Unsqueeze", presentKey, context.Integers(0)), context.Add("Unsqueeze", attention.Outputs[2]!, context.Integers(0)));
        return [attention.Output, present];
    }

    private static long Heads(Node node, long width) => node.IntegerAttribute("num_heads", 0) is var heads && heads > 0 && width % heads == 0
        ? heads
        : throw new ModelException(node, $"{width} elements cannot be split into {heads} heads");

    private static void RequireShape(Node node, int input, params Dimension[] expected)
    {
        Shape actual = node.Input(input).Shape;
        if (actual.Rank != expected.Length || Enumerable.Range(0, expected.Length).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"input {input} has the shape {actual} and must have {new Shape(expected)}");
        }
    }
}
